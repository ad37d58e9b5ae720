// What a raster operation gets to work with (assembly/pixels): one struct per call, offsets in bytes from its base `p`.
//
//   0x000 target image
//   0x020 what to do
//   0x060 bit mask
//   0x100 source, 0x180 brush, 0x200 alpha mask: inputs
//   0x400 line buffers, LINE pixels each
//
// An image is { u32 host, i32 stride, u32 width, u32 height, u32 format, u32 palette }; `host` is where its top row
// begins, `palette` the host address of 256 u32 colours. Who fills a struct in has checked that all rows lie in memory.

export const imageHost = 0;
export const imageStride = 4;
export const imageWidth = 8;
export const imageHeight = 12;
export const imageFormat = 16;
export const imagePalette = 20;
export const IMAGE_SIZE = 32;

// Pixel formats. 1 to 10 are SPICE's bitmap formats (spice/enums.h, SpiceBitmapFmt).
export const FORMAT_1_LE = 1;
export const FORMAT_1_BE = 2;
export const FORMAT_4_LE = 3;
export const FORMAT_4_BE = 4;
export const FORMAT_8 = 5;
export const FORMAT_555 = 6;
export const FORMAT_24 = 7;
export const FORMAT_XRGB = 8;
export const FORMAT_ARGB = 9;
export const FORMAT_A8 = 10;
/** Surfaces only: one bit of alpha, lowest bit first. */
export const FORMAT_A1 = 11;
/** Surfaces only. */
export const FORMAT_565 = 12;

export const target = 0;
/** i32 x 4: the rectangle to draw, half-open, inside of the target. */
export const left = 0x20;
export const top = 0x24;
export const right = 0x28;
export const bottom = 0x2c;
/** u32 OP_. */
export const op = 0x30;
/** Result by ternary truth table; bit (brush << 2 | source << 1 | target) of `code`. */
export const OP_RASTER = 0;
/** The source, except where its colour in the bits of `keyMask` is `code`. */
export const OP_COLOR_KEY = 1;
/** Porter-Duff or blend operator `code` (COMPOSITE_) of source IN alpha mask and target. */
export const OP_COMPOSITE = 2;
/** u32. */
export const code = 0x34;
/** u32 1 = the alpha mask has an alpha per colour component. */
export const componentAlpha = 0x38;
/** u32. */
export const keyMask = 0x3c;
/** i32: pixelsMove takes each pixel from (x - dx, y - dy). */
export const moveX = 0x40;
export const moveY = 0x44;
/** u32 host address: where pixelsPresent writes RGBA bytes, row after row. */
export const output = 0x48;

/** Bit mask: an image of one bit per pixel, its origin on the target, u32 1 = draw where the bit is 0. */
export const maskImage = 0x60;
export const maskX = 0x80;
export const maskY = 0x84;
export const maskInvert = 0x88;
/** u32 1 = there is one. */
export const maskUsed = 0x8c;

export const source = 0x100;
export const brush = 0x180;
export const alphaMask = 0x200;

// An input, offsets from its base.
/** u32 INPUT_. */
export const inputKind = 0;
/** Not there. */
export const INPUT_NONE = 0;
/** `inputSolid` everywhere, a pixel of 32 bits. */
export const INPUT_SOLID = 1;
/** Image whose pixel (0, 0) lies at (inputX, inputY) of the target; the rectangle lies inside of it. */
export const INPUT_IMAGE = 2;
/** The same, repeated in both directions. */
export const INPUT_TILE = 3;
/** Image through an affine transform of (x - inputX, y - inputY), with filter and repeat. */
export const INPUT_SAMPLED = 4;
export const inputSolid = 4;
export const inputX = 8;
export const inputY = 12;
/** i32 x 6, 16.16: xx xy x0 yx yy y0. */
export const inputTransform = 16;
/** u32 FILTER_. */
export const inputFilter = 40;
export const FILTER_NEAREST = 0;
export const FILTER_BILINEAR = 1;
/** u32 REPEAT_: what lies outside of the image. */
export const inputRepeat = 44;
export const REPEAT_NONE = 0;
export const REPEAT_NORMAL = 1;
export const REPEAT_PAD = 2;
export const REPEAT_REFLECT = 3;
export const inputImage = 64;

/** f32 x 3: a colour under work. */
export const color = 0x300;

/** Pixels of a line buffer: longer spans are drawn piece by piece. */
export const LINE = 1024;
export const LINE_BYTES = 4096;
export const targetLine = 0x400;
export const sourceLine = 0x1400;
export const brushLine = 0x2400;
export const alphaLine = 0x3400;
export const maskLine = 0x4400;
export const SIZE = 0x5400;

// Composite operators (spice/qxl_dev.h, QXL_OP_; the numbers are pixman's).
export const COMPOSITE_CLEAR = 0x00;
export const COMPOSITE_SRC = 0x01;
export const COMPOSITE_DST = 0x02;
export const COMPOSITE_OVER = 0x03;
export const COMPOSITE_OVER_REVERSE = 0x04;
export const COMPOSITE_IN = 0x05;
export const COMPOSITE_IN_REVERSE = 0x06;
export const COMPOSITE_OUT = 0x07;
export const COMPOSITE_OUT_REVERSE = 0x08;
export const COMPOSITE_ATOP = 0x09;
export const COMPOSITE_ATOP_REVERSE = 0x0a;
export const COMPOSITE_XOR = 0x0b;
export const COMPOSITE_ADD = 0x0c;
export const COMPOSITE_SATURATE = 0x0d;
export const COMPOSITE_MULTIPLY = 0x30;
export const COMPOSITE_SCREEN = 0x31;
export const COMPOSITE_OVERLAY = 0x32;
export const COMPOSITE_DARKEN = 0x33;
export const COMPOSITE_LIGHTEN = 0x34;
export const COMPOSITE_COLOR_DODGE = 0x35;
export const COMPOSITE_COLOR_BURN = 0x36;
export const COMPOSITE_HARD_LIGHT = 0x37;
export const COMPOSITE_SOFT_LIGHT = 0x38;
export const COMPOSITE_DIFFERENCE = 0x39;
export const COMPOSITE_EXCLUSION = 0x3a;
export const COMPOSITE_HSL_HUE = 0x3b;
export const COMPOSITE_HSL_SATURATION = 0x3c;
export const COMPOSITE_HSL_COLOR = 0x3d;
export const COMPOSITE_HSL_LUMINOSITY = 0x3e;
