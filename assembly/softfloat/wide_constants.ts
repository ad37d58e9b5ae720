// Constants of the transcendental functions, truncated to 128 bits.

import { setFinite } from "./number";

/** ln 2 */
export function setLn2(to: usize): void {
  setFinite(to, 0, -1, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af);
}

/** log2 e */
export function setLog2E(to: usize): void {
  setFinite(to, 0, 0, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88);
}

/** pi, times 2 to the power of `scale`. */
export function setPi(to: usize, sign: u32, scale: i32): void {
  setFinite(to, sign, 1 + scale, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1);
}

/** atan(k / 8) for k = 1 to 8. */
export function setArctangent(to: usize, k: u32): void {
  switch (k) {
    case 1:
      return setFinite(to, 0, -4, 0xfeadd4d5617b6e32, 0xc897989f3e888ef7);
    case 2:
      return setFinite(to, 0, -3, 0xfadbafc96406eb15, 0x6dc79ef5f7a217e5);
    case 3:
      return setFinite(to, 0, -2, 0xb7b0ca0f26f78473, 0x8aa32122dcfe4483);
    case 4:
      return setFinite(to, 0, -2, 0xed63382b0dda7b45, 0x6fe445ecbc3a8d03);
    case 5:
      return setFinite(to, 0, -1, 0x8f005d5ef7f59f9b, 0x5c835e1665c43747);
    case 6:
      return setFinite(to, 0, -1, 0xa4bc7d1934f70924, 0x19a87f2a457dac9e);
    case 7:
      return setFinite(to, 0, -1, 0xb8053e2bc2319e73, 0xcb2da55210a4443d);
    default:
      return setFinite(to, 0, -1, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1);
  }
}
