// Whether WebGL is worth using here.

/** Renderers that draw on the processor: SwiftShader, Mesa's llvmpipe and softpipe, Windows' WARP. */
const software = /swiftshader|llvmpipe|softpipe|software|basic render/i;

let known: boolean | undefined;

/** False where WebGL is missing or drawn in software: there it would take more of the processor than the guest gets. */
export function hasHardwareWebgl(): boolean {
  return (known ??= findHardware());
}

function findHardware(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (gl === null) return false;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer: unknown = gl.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !software.test(String(renderer));
}
