// The drawing operations of QXL through Linux's own driver. Each case draws on an off-screen surface by
// DRM_IOCTL_QXL_EXECBUFFER, waits by UPDATE_AREA, and has a checksum of the surface's pixels.
//
//   qxl-draw             prints a line "CASE CHECKSUM" for each case
//   qxl-draw FILE        compares with such lines
//   qxl-draw -v CASE     prints the pixels of one case
//   qxl-draw -t COUNT    prints how long so many UPDATE_AREA take, with nothing drawn in between
//
// Nothing else may be master of the card. The layouts are spice-protocol's (spice/qxl_dev.h); their numbers are offsets.

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

// The driver's interface (Linux: include/uapi/drm/qxl_drm.h), which Debian's headers of the kernel leave out.
struct drm_qxl_alloc { uint32_t size, handle; };
struct drm_qxl_map { uint64_t offset; uint32_t handle, pad; };
struct drm_qxl_reloc { uint64_t src_offset, dst_offset; uint32_t src_handle, dst_handle, reloc_type, pad; };
struct drm_qxl_command { uint64_t command, relocs; uint32_t type, command_size, relocs_num, pad; };
struct drm_qxl_execbuffer { uint32_t flags, commands_num; uint64_t commands; };
struct drm_qxl_update_area { uint32_t handle, top, left, bottom, right, pad; };
struct drm_qxl_alloc_surf { uint32_t format, width, height; int32_t stride; uint32_t handle, pad; };
#define DRM_QXL(number, type) _IOWR('d', 0x40 + (number), struct type)
#define DRM_IOCTL_QXL_ALLOC DRM_QXL(0, drm_qxl_alloc)
#define DRM_IOCTL_QXL_MAP DRM_QXL(1, drm_qxl_map)
#define DRM_IOCTL_QXL_EXECBUFFER _IOW('d', 0x42, struct drm_qxl_execbuffer)
#define DRM_IOCTL_QXL_UPDATE_AREA _IOW('d', 0x43, struct drm_qxl_update_area)
#define DRM_IOCTL_QXL_ALLOC_SURF DRM_QXL(6, drm_qxl_alloc_surf)
enum { QXL_RELOC_TYPE_BO = 1, QXL_RELOC_TYPE_SURF };

enum { WIDTH = 96, HEIGHT = 64, POOL = 1 << 20, RELOCS = 64, DRAWABLE = 191, CMD_DRAW = 1 };
enum { SURFACE_ID = 8, EFFECT = 12, TYPE = 13, BBOX = 31, CLIP = 47, DEPENDS = 63, DEPENDS_RECTS = 75, U = 123 };
enum { FILL = 1, OPAQUE, COPY, COPY_BITS, BLEND, BLACKNESS, WHITENESS, INVERS, ROP3, STROKE, TEXT, TRANSPARENT,
	ALPHA_BLEND, COMPOSITE };
enum { FORMAT_A8 = 8, FORMAT_555 = 16, FORMAT_565 = 80, FORMAT_XRGB = 32, FORMAT_ARGB = 96 };
enum { BITMAP_1LE = 1, BITMAP_1BE, BITMAP_4LE, BITMAP_4BE, BITMAP_8, BITMAP_16, BITMAP_24, BITMAP_32, BITMAP_RGBA,
	BITMAP_A8 };
enum { DIRECT = 1, TOP_DOWN = 4 };
enum { PUT = 8, OR = 16, AND = 32, XOR = 64, INVERS_SRC = 1, INVERS_BRUSH = 2, INVERS_DEST = 4, INVERS_RES = 1024 };

struct rect { int left, top, right, bottom; };

struct surface { int format, stride; uint32_t handle; uint8_t *pixels; };

static int card, passed, failed;
static const char *shown;
static char *expected;
static struct { uint32_t handle, used; uint8_t *bytes; } pool;
static struct { uint8_t bytes[DRAWABLE]; struct drm_qxl_reloc relocs[RELOCS]; int count; } command;
static struct surface *target;
static uint32_t random_state;

static const struct rect box = { 9, 6, 83, 57 };

static void die(const char *what) {
	perror(what);
	exit(2);
}

static uint32_t noise(void) {
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

// --- Memory: a pool for what a command points to, and the surfaces ---------------------------------------------------

static uint8_t *map(uint32_t handle, size_t length) {
	struct drm_qxl_map where = { .handle = handle };
	if (ioctl(card, DRM_IOCTL_QXL_MAP, &where) < 0) die("map");
	uint8_t *bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, card, where.offset);
	if (bytes == MAP_FAILED) die("mmap");
	return bytes;
}

// No field lies across the end of a page: the driver does not relocate there.
static uint32_t take(uint32_t length) {
	uint32_t at = pool.used;
	pool.used = (at + length + 63) & ~63u;
	if (pool.used > POOL) exit(3);
	memset(pool.bytes + at, 0, length);
	return at;
}

static void pool_put(uint32_t at, uint64_t value, int size) { memcpy(pool.bytes + at, &value, size); }
static void put(int at, uint64_t value, int size) { memcpy(command.bytes + at, &value, size); }

static void put_rect(int at, struct rect r) {
	int words[] = { r.top, r.left, r.bottom, r.right };
	memcpy(command.bytes + at, words, sizeof words);
}

static void relocate(uint32_t in, uint32_t at, uint32_t to, uint32_t offset, int type) {
	if (command.count == RELOCS) exit(3);
	command.relocs[command.count++] = (struct drm_qxl_reloc){
		.dst_handle = in, .dst_offset = at, .src_handle = to, .src_offset = offset, .reloc_type = type };
}

static void lead(int at, uint32_t offset) { relocate(0, at, pool.handle, offset, QXL_RELOC_TYPE_BO); }
static void pool_lead(uint32_t at, uint32_t offset) { relocate(pool.handle, at, pool.handle, offset, QXL_RELOC_TYPE_BO); }

static int pixel_bytes(int format) {
	return format == FORMAT_A8 ? 1 : format == FORMAT_555 || format == FORMAT_565 ? 2 : 4;
}

static struct surface *new_surface(int format) {
	struct surface *s = calloc(1, sizeof *s);
	s->format = format;
	s->stride = WIDTH * pixel_bytes(format);
	struct drm_qxl_alloc_surf a = { .format = format, .width = WIDTH, .height = HEIGHT, .stride = s->stride };
	if (ioctl(card, DRM_IOCTL_QXL_ALLOC_SURF, &a) < 0) die("surface");
	s->handle = a.handle;
	s->pixels = map(a.handle, s->stride * HEIGHT);
	return s;
}

static uint32_t premultiplied(void) {
	uint32_t pixel = noise() & 255, alpha = pixel;
	for (int i = 0; i < 3; i++) pixel = pixel << 8 | noise() % (alpha + 1);
	return pixel;
}

static void paint(struct surface *s) {
	for (int i = 0; i < s->stride * HEIGHT; i++) s->pixels[i] = noise();
	if (s->format != FORMAT_ARGB) return;
	for (int i = 0; i < WIDTH * HEIGHT; i++) ((uint32_t *)s->pixels)[i] = premultiplied();
}

// A QXLDataChunk, or two of them; returns where its `length` bytes go, in the order of `next`.
static uint32_t chunks(const uint8_t *data, uint32_t length, int pieces) {
	uint32_t first = 0, before = 0;
	for (int i = 0; i < pieces; i++) {
		uint32_t from = length * i / pieces, size = length * (i + 1) / pieces - from, at = take(20 + size);
		pool_put(at, size, 4);
		memcpy(pool.bytes + at + 20, data + from, size);
		if (i == 0) first = at;
		else pool_lead(before + 12, at), pool_lead(at + 4, before);
		before = at;
	}
	return first;
}

static const int depths[] = { 0, 1, 1, 4, 4, 8, 16, 24, 32, 32, 8 };
static uint32_t palette[256];

static uint32_t image(int format, int width, int height, int flags) {
	int bits = depths[format], stride = ((width * bits + 31) / 32) * 4;
	uint32_t length = stride * height, at = take(48), colors = bits <= 8 && format != BITMAP_A8 ? 1 << bits : 0;
	uint8_t *data = malloc(length);
	for (uint32_t i = 0; i < length; i++) data[i] = noise();
	if (format == BITMAP_RGBA) for (uint32_t i = 0; i < length / 4; i++) ((uint32_t *)data)[i] = premultiplied();
	pool_put(at + 10, width, 4), pool_put(at + 14, height, 4);
	pool_put(at + 18, format, 1), pool_put(at + 19, flags, 1);
	pool_put(at + 20, width, 4), pool_put(at + 24, height, 4), pool_put(at + 28, stride, 4);
	if (colors > 0) {
		uint32_t table = take(10 + 4 * colors);
		pool_put(table + 8, colors, 2);
		for (uint32_t i = 0; i < colors; i++) palette[i] = noise() & 0xffffff, pool_put(table + 10 + 4 * i, palette[i], 4);
		pool_lead(at + 32, table);
	}
	uint32_t bytes = flags & DIRECT ? take(length) : chunks(data, length, 2);
	if (flags & DIRECT) memcpy(pool.bytes + bytes, data, length);
	pool_lead(at + 40, bytes);
	free(data);
	return at;
}

static uint32_t surface_image(struct surface *s, struct rect area) {
	uint32_t at = take(22);
	pool_put(at + 8, 104, 1), pool_put(at + 10, WIDTH, 4), pool_put(at + 14, HEIGHT, 4);
	relocate(pool.handle, at + 18, s->handle, 0, QXL_RELOC_TYPE_SURF);
	relocate(0, DEPENDS, s->handle, 0, QXL_RELOC_TYPE_SURF);
	put_rect(DEPENDS_RECTS, area);
	return at;
}

// --- Parts of operations ------------------------------------------------------------------------------------------------

enum brush { SOLID = 1, PATTERN };

static void put_brush(int at, enum brush kind) {
	put(at, kind, 4);
	if (kind == SOLID) return put(at + 4, noise() & 0xffffff, 4);
	lead(at + 4, image(BITMAP_32, 13, 7, TOP_DOWN));
	put(at + 12, 5, 4), put(at + 16, 3, 4);
}

// Without one, either order of bits, inverted, and one that is too small for the box.
enum { MASKS = 5 };
static void put_mask(int at, int kind) {
	if (kind == 0) return;
	int size = kind == 4 ? 40 : 100;
	put(at, kind == 3, 1);
	put(at + 1, kind == 2 ? 0 : 11, 4), put(at + 5, kind == 2 ? 0 : 4, 4);
	lead(at + 9, image(kind == 2 ? BITMAP_1LE : BITMAP_1BE, size, size, TOP_DOWN));
}

static void put_clip(int kind) {
	static const struct rect all[] = { { 0, 0, 20, 30 }, { 15, 20, 70, 40 }, { 60, 35, 96, 64 } };
	int rects[4 * 3];
	if (kind == 0) return;
	for (int i = 0; i < 3; i++) {
		int words[] = { all[i].top, all[i].left, all[i].bottom, all[i].right };
		memcpy(rects + 4 * i, words, sizeof words);
	}
	uint32_t at = take(24 + sizeof rects);
	pool_put(at, 3, 4), pool_put(at + 4, sizeof rects, 4);
	memcpy(pool.bytes + at + 24, rects, sizeof rects);
	put(CLIP, 1, 4);
	lead(CLIP + 4, at);
}

static void put_source(int at, uint32_t source, struct rect area) {
	lead(at, source);
	put_rect(at + 8, area);
}

// --- Cases ----------------------------------------------------------------------------------------------------------------

static void begin(struct surface *on, int type, struct rect where) {
	memset(&command, 0, sizeof command);
	pool.used = 0;
	random_state = 12345;
	target = on;
	paint(target);
	relocate(0, SURFACE_ID, target->handle, 0, QXL_RELOC_TYPE_SURF);
	put(TYPE, type, 1);
	put_rect(BBOX, where);
	for (int i = 0; i < 3; i++) put(DEPENDS + 4 * i, -1, 4);
}

// Without the bits of a pixel that mean nothing.
static uint32_t checksum(void) {
	uint32_t crc = ~0u;
	for (int i = 0; i < target->stride * HEIGHT; i++) {
		int unused = target->format == FORMAT_XRGB ? (i % 4 == 3 ? 255 : 0)
			: target->format == FORMAT_555 ? (i % 2 == 1 ? 128 : 0) : 0;
		crc ^= target->pixels[i] & ~unused;
		for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320u ^ crc >> 1 : crc >> 1;
	}
	return ~crc;
}

static void show_pixels(void) {
	int size = pixel_bytes(target->format);
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			uint32_t pixel = 0;
			memcpy(&pixel, target->pixels + y * target->stride + x * size, size);
			printf("%0*x%c", size * 2, target->format == FORMAT_XRGB ? pixel & 0xffffff : pixel, x == WIDTH - 1 ? '\n' : ' ');
		}
	}
}

static void judge(const char *name, const char *result) {
	if (expected == NULL) {
		printf("%s %s\n", name, result);
		return;
	}
	char line[128];
	snprintf(line, sizeof line, "\n%s %s\n", name, result);
	if (strstr(expected, line) != NULL) {
		passed++;
		return;
	}
	failed++;
	printf("FAILED %s: %s\n", name, result);
}

__attribute__((format(printf, 1, 2))) static void end(const char *format, ...) {
	char name[64], result[32];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(name, sizeof name, format, arguments);
	va_end(arguments);
	if (shown != NULL && strcmp(shown, name) != 0) return;
	struct drm_qxl_command draw = { .command = (uintptr_t)(command.bytes + 8), .command_size = DRAWABLE - 8,
		.relocs = (uintptr_t)command.relocs, .relocs_num = command.count, .type = CMD_DRAW };
	struct drm_qxl_execbuffer buffer = { .commands = (uintptr_t)&draw, .commands_num = 1 };
	struct drm_qxl_update_area all = { .handle = target->handle, .right = WIDTH, .bottom = HEIGHT };
	int ok = ioctl(card, DRM_IOCTL_QXL_EXECBUFFER, &buffer) == 0 && ioctl(card, DRM_IOCTL_QXL_UPDATE_AREA, &all) == 0;
	if (ok) snprintf(result, sizeof result, "%08x", checksum());
	else snprintf(result, sizeof result, "errno=%d", errno);
	if (shown != NULL) show_pixels();
	else judge(name, result);
}

static struct surface *xrgb, *argb, *rgb565, *rgb555, *a8, *other, *other_argb;

// All operators with all inversions that `inversions` has bits for, and those that need no operand.
static int each_rop(int i, int inversions) {
	static const int operators[] = { PUT, OR, AND, XOR };
	if (i >= 32) return i < 35 ? 128 << (i - 32) : -1;
	int rop = operators[i / 8];
	if (i & 1) rop |= inversions & 3;
	if (i & 2) rop |= inversions & (INVERS_DEST | (inversions & INVERS_DEST ? 0 : INVERS_SRC));
	return i & 4 ? rop | INVERS_RES : rop;
}

static void fills(struct surface *on, const char *name) {
	for (enum brush kind = SOLID; kind <= PATTERN; kind++) {
		for (int i = 0, rop; (rop = each_rop(i, INVERS_BRUSH | INVERS_DEST)) >= 0; i++) {
			begin(on, FILL, box);
			put_brush(U, kind), put(U + 20, rop, 2), put_mask(U + 22, i % MASKS), put_clip(i % 3 == 1);
			end("fill-%s-%d-%d", name, kind, i);
		}
	}
}

static void opaques(void) {
	for (enum brush kind = SOLID; kind <= PATTERN; kind++) {
		for (int i = 0; i < 32; i++) {
			int rop = each_rop(i & ~3, 0) | (i & 1 ? INVERS_BRUSH : 0) | (i & 2 ? INVERS_SRC : 0);
			begin(xrgb, OPAQUE, box);
			put_source(U, image(BITMAP_32, 100, 70, TOP_DOWN), (struct rect){ 3, 5, 77, 56 });
			put_brush(U + 24, kind), put(U + 44, rop, 2), put(U + 46, 1, 1);
			put_mask(U + 47, i % MASKS), put_clip(i % 3 == 1);
			end("opaque-%d-%d", kind, i);
		}
	}
}

static void copy_of(int format, int flags, struct rect area, int rop, int scale) {
	put_source(U, image(format, 100, 70, flags), area);
	put(U + 24, rop, 2), put(U + 26, scale, 1);
}

static void copies(struct surface *on, const char *name) {
	static const struct rect same = { 3, 5, 77, 56 }, larger = { 10, 12, 40, 60 }, smaller = { 0, 0, 100, 70 };
	static const int flags[] = { 0, DIRECT, TOP_DOWN, DIRECT | TOP_DOWN };
	for (int format = BITMAP_1BE; format <= BITMAP_RGBA; format++) {
		// The reference has no pictures of these forms, and ends.
		if (format == BITMAP_4LE || (format <= BITMAP_8 && on->format == FORMAT_565)) continue;
		// Only pixels of 32 bits have a byte for a target's alpha.
		if (format < BITMAP_32 && on->format == FORMAT_ARGB) continue;
		for (int i = 0; i < 4; i++) {
			begin(on, COPY, box), copy_of(format, flags[i], same, PUT, 1), put_clip(i % 2);
			end("copy-%s-format-%d-%d", name, format, i);
		}
		for (int i = on == xrgb ? 0 : 2; i < 4; i++) {
			begin(on, COPY, box), copy_of(format, TOP_DOWN, i & 1 ? smaller : larger, PUT, i >> 1), put_clip(i % 2);
			end("copy-%s-scaled-%d-%d", name, format, i);
		}
	}
	for (int type = COPY; type <= BLEND; type += BLEND - COPY) {
		for (int i = 0, rop; (rop = each_rop(i, INVERS_SRC | INVERS_DEST)) >= 0; i++) {
			begin(on, type, box), copy_of(BITMAP_32, TOP_DOWN, same, rop, 1), put_mask(U + 27, i % MASKS);
			end("copy-%s-rop-%d-%d", name, type, i);
		}
	}
}

static void surface_copies(void) {
	for (int i = 0; i < 6; i++) {
		struct rect area = i < 3 ? (struct rect){ 12, 2, 86, 53 } : (struct rect){ 30, 20, 60, 50 };
		struct surface *from = i % 3 == 0 ? other : i % 3 == 1 || i == 5 ? other_argb : xrgb;
		begin(xrgb, COPY, box);
		if (from != xrgb) paint(from);
		put_source(U, surface_image(from, area), area), put(U + 24, PUT, 2), put(U + 26, 1, 1);
		end("copy-surface-%d", i);
	}
}

static void moves(void) {
	static const int by[][2] = { { 5, 3 }, { -5, 3 }, { 5, -3 }, { -5, -3 }, { 0, 6 }, { 0, -6 }, { 9, 0 }, { -9, 0 } };
	for (int i = 0; i < 16; i++) {
		begin(i & 8 ? rgb565 : xrgb, COPY_BITS, box);
		put(U, box.left + by[i & 7][0], 4), put(U + 4, box.top + by[i & 7][1], 4), put_clip(i & 1);
		end("copy_bits-%d", i);
	}
}

static void constants(void) {
	for (int type = BLACKNESS; type <= INVERS; type++) {
		for (int i = 0; i < 2 * MASKS; i++) {
			begin(i % 2 ? rgb565 : xrgb, type, box), put_mask(U, i / 2), put_clip(i % 3 == 1);
			end("constant-%d-%d", type, i);
		}
	}
}

// The reference has only those operations in which brush, source and target all matter.
static int is_ternary(int code) {
	return ((code >> 4 ^ code) & 15) != 0 && ((code >> 2 ^ code) & 0x33) != 0 && ((code >> 1 ^ code) & 0x55) != 0;
}

static void rop3s(void) {
	for (int i = 0; i < 320; i++) {
		int code = i < 256 ? i : (i - 256) * 37 & 255;
		if (!is_ternary(code)) continue;
		begin(xrgb, ROP3, box);
		put_source(U, image(BITMAP_32, 100, 70, TOP_DOWN), (struct rect){ 3, 5, 77, 56 });
		put_brush(U + 24, i < 256 ? SOLID : PATTERN), put(U + 44, code, 1);
		put(U + 45, 1, 1), put_mask(U + 46, i < 256 ? 0 : i % MASKS), put_clip(i % 3 == 1);
		end("rop3-%d", i);
	}
}

static void transparents(void) {
	for (int i = 0; i < 12; i++) {
		begin(xrgb, TRANSPARENT, box);
		uint32_t source = image(i < 6 ? BITMAP_4BE : BITMAP_1BE, 100, 70, TOP_DOWN);
		put_source(U, source, i / 3 % 2 ? (struct rect){ 10, 12, 40, 60 } : (struct rect){ 3, 5, 77, 56 });
		put(U + 24, palette[1], 4), put(U + 28, palette[1], 4);
		end("transparent-%d", i);
	}
}

static void alpha_blends(void) {
	static const int alphas[] = { 0, 1, 77, 128, 254, 255 };
	struct surface *on[] = { xrgb, argb, rgb565 };
	for (int i = 0; i < 72; i++) {
		struct surface *to = on[i / 24];
		struct rect area = i & 2 ? (struct rect){ 10, 12, 40, 60 } : (struct rect){ 3, 5, 77, 56 };
		begin(to, ALPHA_BLEND, box);
		put(U, to == argb, 2), put(U + 2, alphas[i / 4 % 6], 1);
		put_source(U + 3, image(i & 1 ? BITMAP_RGBA : BITMAP_32, 100, 70, TOP_DOWN), area), put_clip(i % 3 == 1);
		end("alpha_blend-%d", i);
	}
	for (int i = 0; i < 8; i++) {
		struct rect area = i & 4 ? (struct rect){ 30, 20, 60, 50 } : (struct rect){ 12, 2, 86, 53 };
		begin(i & 1 ? argb : xrgb, ALPHA_BLEND, box), paint(other_argb);
		put(U, (i & 1) | (i & 2), 2), put(U + 2, 200, 1), put_source(U + 3, surface_image(other_argb, area), area);
		end("alpha_blend-surface-%d", i);
	}
}

static void put_transform(int at, const int32_t *words) {
	uint32_t where = take(24);
	memcpy(pool.bytes + where, words, 24);
	lead(at, where);
}

static void put_composite(uint32_t flags, int source, int mask) {
	put(U, flags, 4);
	lead(U + 4, image(source, 50, 40, TOP_DOWN));
	// The reference knows an alpha mask of eight bits as a surface only.
	if (mask == BITMAP_A8) paint(a8), lead(U + 20, surface_image(a8, (struct rect){ 0, 0, WIDTH, HEIGHT }));
	else if (mask != 0) lead(U + 20, image(mask, 60, 50, TOP_DOWN));
	put(U + 36, 4, 2), put(U + 38, 2, 2), put(U + 40, 1, 2), put(U + 42, 3, 2);
}

static void composites(void) {
	static const int32_t transforms[][6] = { { 0x8000, 0, 0x2000, 0, 0xc000, 0x5000 }, { 0xb504, -0xb504, 0x100000, 0xb504, 0xb504, -0x80000 } };
	static const uint32_t REPEAT = 1 << 14 | 1 << 16;
	for (int i = 0; i < 29 * 4; i++) {
		int operator = i / 4 < 14 ? i / 4 : i / 4 - 14 + 0x30;
		// With a mask the last digits of what is computed in floating point are another matter.
		int floats = operator == 13 || operator == 0x35 || operator == 0x36 || operator == 0x38 || operator >= 0x3b;
		if (floats && i & 1) continue;
		begin(i & 2 ? argb : xrgb, COMPOSITE, box);
		put_composite(operator | REPEAT, BITMAP_RGBA, i & 1 ? BITMAP_A8 : 0);
		end("composite-%x-%d", operator, i & 3);
	}
	for (int i = 0; i < 32; i++) {
		begin(argb, COMPOSITE, box);
		put_composite(3 | (i & 1 ? 4 << 8 : 0) | (i >> 1 & 3) << 14 | (i >> 1 & 3) << 16, i & 16 ? BITMAP_32 : BITMAP_RGBA, BITMAP_A8);
		put_transform(U + 12, transforms[i >> 3 & 1]), put_clip(i % 3 == 1);
		end("composite-transform-%d", i);
	}
	for (int i = 0; i < 4; i++) {
		begin(argb, COMPOSITE, box);
		put_composite((i & 1 ? 3 : 12) | REPEAT | 1 << 18, i & 2 ? BITMAP_32 : BITMAP_RGBA, BITMAP_RGBA);
		end("composite-component-%d", i);
	}
}

struct path { uint8_t bytes[4096]; int length; };

static void segment(struct path *path, int flags, int count, const int *coordinates) {
	uint32_t header[] = { flags, count };
	memcpy(path->bytes + path->length, header, 8);
	for (int i = 0; i < 2 * count; i++) memcpy(path->bytes + path->length + 8 + 4 * i, coordinates + i, 4);
	path->length += 8 + 8 * count;
}

enum { SEGMENT_BEGIN = 1, SEGMENT_END = 2, SEGMENT_CLOSE = 8, SEGMENT_BEZIER = 16 };

static struct path star(void) {
	static const int ends[][2] = { { 30, 0 }, { 30, 9 }, { 25, 20 }, { 9, 24 }, { 0, 24 }, { 20, 20 } };
	struct path path = { .length = 0 };
	for (int i = 0; i < 24; i++) {
		int x = ends[i % 6][0] * (i & 8 ? -1 : 1), y = ends[i % 6][1] * (i >= 12 ? -1 : 1);
		segment(&path, SEGMENT_BEGIN | SEGMENT_END, 2, (int[]){ 46 << 4, 31 << 4, (46 + x) << 4, (31 + y) << 4 });
	}
	return path;
}

static struct path outline(int slanted) {
	struct path path = { .length = 0 };
	int straight[] = { 200, 160, 1200, 160, 1200, 800, 200, 800 }, crooked[] = { 200, 165, 1209, 340, 900, 871, 330, 555 };
	segment(&path, SEGMENT_BEGIN | SEGMENT_END | SEGMENT_CLOSE, 4, slanted ? crooked : straight);
	return path;
}

static struct path curve(void) {
	struct path path = { .length = 0 };
	segment(&path, SEGMENT_BEGIN, 1, (int[]){ 200, 800 });
	segment(&path, SEGMENT_BEZIER | SEGMENT_END, 6, (int[]){ 400, 100, 700, 100, 760, 500, 800, 900, 1200, 700, 1280, 120 });
	return path;
}

static void strokes(void) {
	static const int rops[] = { PUT, XOR, AND, PUT | INVERS_BRUSH };
	for (int i = 0; i < 24; i++) {
		struct path path = i % 4 == 0 ? star() : i % 4 == 1 ? outline(0) : i % 4 == 2 ? outline(1) : curve();
		// Dashes of straight lines only.
		int dashed = i >= 16 && i % 4 == 1;
		begin(i & 8 ? rgb565 : xrgb, STROKE, box);
		uint32_t at = take(4 + 20 + path.length);
		pool_put(at, path.length, 4), pool_put(at + 4, path.length, 4);
		memcpy(pool.bytes + at + 24, path.bytes, path.length);
		lead(U, at);
		if (dashed) {
			uint32_t style = take(16);
			for (int k = 0; k < 4; k++) pool_put(style + 4 * k, (k + 3) << 4, 4);
			put(U + 8, i == 21 ? 12 : 8, 1), put(U + 11, 4, 1), lead(U + 20, style);
		}
		put_brush(U + 28, i & 4 ? PATTERN : SOLID), put(U + 48, rops[i / 4 % 4], 2), put_clip(i % 3 == 1);
		end("stroke-%d", i);
	}
}

static void put_glyphs(int bits) {
	uint8_t bytes[4096];
	int length = 0;
	for (int i = 0; i < 6; i++) {
		// Only in the first form do glyphs overlap: with more bits the reference then takes the lesser coverage now and then.
		int x = 12 + (bits == 1 ? 9 : 18) * i, y = 14 + 5 * i, width = 11 + i, height = 9 + i % 3, size = (width * bits + 7) / 8 * height;
		int header[] = { x, y, -1, i - 2, width | height << 16 };
		memcpy(bytes + length, header, 20);
		for (int k = 0; k < size; k++) bytes[length + 20 + k] = noise();
		length += 20 + size;
	}
	uint32_t at = take(8 + 20 + length);
	pool_put(at, length, 4), pool_put(at + 4, 6, 2), pool_put(at + 6, bits == 1 ? 1 : 2, 2);
	pool_put(at + 8, length, 4);
	memcpy(pool.bytes + at + 28, bytes, length);
	lead(U, at);
}

// Glyphs of eight bits are not here: the reference reads behind them.
static void texts(void) {
	struct surface *on[] = { xrgb, argb, rgb565 };
	for (int i = 0; i < 36; i++) {
		begin(on[i / 12], TEXT, box);
		int pattern = i / 6 & 1;
		// A pattern is another one where it is rounded to 16 bits before it is blended.
		put_glyphs(i & 1 && !(pattern && target == rgb565) ? 4 : 1);
		if (i & 2) put_rect(U + 8, (struct rect){ 10, 10, 60, 50 });
		put_brush(U + 24, pattern ? PATTERN : SOLID), put_brush(U + 44, SOLID);
		put(U + 64, PUT, 2), put(U + 66, PUT, 2), put_clip(i % 4 == 1);
		end("text-%d", i);
	}
}

static void read_expected(const char *path) {
	FILE *file = fopen(path, "r");
	size_t size = 1 << 20;
	expected = calloc(1, size + 2);
	if (file == NULL) die(path);
	expected[0] = '\n';
	if (fread(expected + 1, 1, size, file) == 0) die(path);
	fclose(file);
}

static double seconds(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int time_updates(int times) {
	struct drm_qxl_update_area all = { .handle = xrgb->handle, .right = WIDTH, .bottom = HEIGHT };
	double began = seconds();
	for (int i = 0; i < times; i++) if (ioctl(card, DRM_IOCTL_QXL_UPDATE_AREA, &all) < 0) die("update");
	printf("%.2f us\n", (seconds() - began) / times * 1e6);
	return 0;
}

int main(int count, char **words) {
	int times = 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count == 3 && strcmp(words[1], "-t") == 0) times = atoi(words[2]);
	else if (count == 3 && strcmp(words[1], "-v") == 0) shown = words[2];
	else if (count == 2) read_expected(words[1]);
	card = open("/dev/dri/card0", O_RDWR);
	if (card < 0) die("/dev/dri/card0");
	struct drm_qxl_alloc memory = { .size = POOL };
	if (ioctl(card, DRM_IOCTL_QXL_ALLOC, &memory) < 0) die("memory");
	pool.handle = memory.handle;
	pool.bytes = map(memory.handle, POOL);
	xrgb = new_surface(FORMAT_XRGB), argb = new_surface(FORMAT_ARGB), rgb565 = new_surface(FORMAT_565);
	rgb555 = new_surface(FORMAT_555), a8 = new_surface(FORMAT_A8);
	other = new_surface(FORMAT_XRGB), other_argb = new_surface(FORMAT_ARGB);
	if (times > 0) return time_updates(times);
	fills(xrgb, "xrgb"), fills(argb, "argb"), fills(rgb565, "565"), fills(rgb555, "555");
	opaques();
	copies(xrgb, "xrgb"), copies(argb, "argb"), copies(rgb565, "565"), surface_copies();
	moves(), constants(), rop3s(), transparents(), alpha_blends(), composites(), strokes(), texts();
	if (expected != NULL) printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
