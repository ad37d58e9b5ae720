// What HotSpot's interpreter and compilers make of arithmetic, strings, collections, exceptions and threads: a line each.

import java.math.BigInteger;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntBinaryOperator;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

public class Lab {
	sealed interface Shape permits Circle, Box, Line {}
	record Circle(double radius) implements Shape {}
	record Box(double width, double height) implements Shape {}
	record Line(int length) implements Shape {}

	static int state = 1;

	static int random() {
		return state = state * 1664525 + 1013904223;
	}

	static void say(String name, Supplier<Object> work) {
		state = 1;
		System.out.println(name + " " + work.get());
	}

	static long integers(int rounds) {
		long wide = 1;
		int narrow = 7;
		for (int i = 1; i <= rounds; i++) {
			wide = wide * 6364136223846793005L + Integer.rotateLeft(narrow, i) / (i | 1);
			narrow ^= (int) (wide >>> 33) % i + Long.bitCount(wide) * Integer.numberOfTrailingZeros(i);
			wide ^= Math.floorMod(wide, 1000003L) << (narrow & 31);
			narrow += Integer.reverse(i) - (short) narrow * (byte) i;
		}
		return wide + narrow;
	}

	static double floats(int rounds) {
		double sum = 0;
		float single = 1;
		for (int i = 1; i <= rounds; i++) {
			sum += Math.sqrt(i) / (1 + (double) single * single) - Math.abs(sum) * 1e-3;
			single = (float) (single * 1.0001 + (i & 7)) % 100f;
			sum += Math.max(single, (int) sum) * 0x1p-20 + Math.fma(single, 0.5, sum) * 0x1p-30;
		}
		return sum;
	}

	static int arrays(int size) {
		int[] a = IntStream.range(0, size).map(i -> random()).toArray(), b = a.clone();
		Arrays.sort(b);
		int[] c = new int[size];
		// Loops that C2 makes vectors of.
		for (int i = 0; i < size; i++) c[i] = a[i] * 3 + (b[i] >> 2) - i;
		int sum = 0;
		for (int i = 0; i < size; i++) sum += c[i] ^ a[i] & b[i];
		float[] f = new float[size];
		for (int i = 0; i < size; i++) f[i] = a[i] * 0.25f + f.length;
		System.arraycopy(c, 5, c, 17, size / 2);
		return sum + Arrays.hashCode(f) * 31 + Arrays.hashCode(c) + Arrays.mismatch(a, b);
	}

	static double shapes(int rounds) {
		Shape[] all = {new Circle(2.5), new Box(2, 3), new Line(4)};
		double sum = 0;
		for (int i = 0; i < rounds; i++) {
			Shape shape = all[(i * 7 >> 2) % 3];
			if (shape instanceof Circle c) sum += c.radius() * c.radius() * 3;
			else if (shape instanceof Box b) sum += b.width() * b.height();
			else if (shape instanceof Line l) sum += l.length();
		}
		return sum;
	}

	static long exceptions(int rounds) {
		long sum = 0;
		int[] few = new int[5];
		String none = rounds < 0 ? "" : null;
		for (int i = 0; i < rounds; i++) {
			try {
				switch (i % 5) {
					case 0 -> sum += 100 / (i % 3);
					case 1 -> sum += few[i % 7];
					// A null that compiled code meets as a SIGSEGV.
					case 2 -> sum += i % 50 == 2 ? none.length() : 3;
					case 3 -> sum += ((Object) few instanceof int[] x ? x.length : 0) / (i % 4);
					default -> throw new IllegalStateException("" + i);
				}
			} catch (ArithmeticException | IndexOutOfBoundsException e) {
				sum += 1000;
			} catch (NullPointerException e) {
				sum += 20000;
			} catch (IllegalStateException e) {
				sum += e.getMessage().length();
			}
		}
		return sum;
	}

	static Object strings() {
		var builder = new StringBuilder();
		for (int i = 0; i < 4000; i++) builder.append(Integer.toString(random(), 36)).append(i % 9 == 0 ? "é\u20ac" : ' ');
		String text = builder.toString();
		var matcher = Pattern.compile("(\\w)(\\d+)\\1").matcher(text);
		int found = 0;
		while (matcher.find()) found += matcher.end(2);
		return found + " " + text.replace('7', 'x').toUpperCase().hashCode() + " " + text.chars().filter(c -> c > 127).count() + " "
				+ text.indexOf("€zz") + " " + String.format("%,d|%08x|%.10e|%s", 1234567, -77, Math.PI * 1e20, 1.0f / 3);
	}

	static Object collections() {
		var counts = new HashMap<String, Integer>();
		for (int i = 0; i < 12000; i++) counts.merge(Integer.toString(random() >>> 20), 1, Integer::sum);
		var sorted = new TreeMap<>(counts);
		List<Long> list = new ArrayList<>();
		sorted.forEach((key, value) -> list.add(Long.parseLong(key) * value));
		return counts.size() + " " + sorted.firstKey() + " " + list.stream().mapToLong(x -> x).sum() + " "
				+ IntStream.range(0, 5000).boxed().collect(Collectors.groupingBy(i -> i % 7, TreeMap::new, Collectors.summingInt(i -> i)));
	}

	static Object big() {
		var p = BigInteger.TWO.pow(521).subtract(BigInteger.ONE);
		var f = IntStream.rangeClosed(1, 500).mapToObj(BigInteger::valueOf).reduce(BigInteger.ONE, BigInteger::multiply);
		return f.mod(p).hashCode() + " " + BigInteger.valueOf(3).modPow(f.shiftRight(3000), p).toString(36).substring(0, 20) + " " + p.isProbablePrime(20);
	}

	static Object digests() {
		var bytes = new byte[50000];
		for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (random() >> 16);
		var crc = new CRC32();
		crc.update(bytes);
		return Arrays.stream(new String[] {"MD5", "SHA-1", "SHA-256", "SHA-512", "SHA3-256"}).map(name -> {
			try {
				return new BigInteger(1, MessageDigest.getInstance(name).digest(bytes)).toString(16).substring(0, 12);
			} catch (java.security.GeneralSecurityException e) {
				return e.toString();
			}
		}).collect(Collectors.joining(" ")) + " " + crc.getValue();
	}

	static Object threads() {
		var total = new AtomicLong();
		var map = new ConcurrentHashMap<Integer, Integer>();
		int[] plain = {0};
		var pool = Executors.newFixedThreadPool(4);
		for (int t = 0; t < 8; t++) {
			pool.execute(() -> {
				for (int i = 0; i < 4000; i++) {
					total.addAndGet(i);
					map.merge(i % 64, 1, Integer::sum);
					synchronized (plain) {
						plain[0]++;
					}
				}
			});
		}
		pool.shutdown();
		try {
			pool.awaitTermination(600, java.util.concurrent.TimeUnit.SECONDS);
		} catch (InterruptedException e) {
			return e;
		}
		return total + " " + map.values().stream().mapToInt(x -> x).sum() + " " + plain[0];
	}

	/** Often enough that it gets compiled, by the compilers that are on, while it runs. */
	static Object often(int times, Supplier<Object> work) {
		Object first = work.get();
		for (int i = 1; i < times; i++) if (!first.equals(work.get())) return "differs at " + i;
		return first;
	}

	public static void main(String[] arguments) {
		int times = Integer.parseInt(arguments[0]);
		say("integers", () -> often(times, () -> integers(12000)));
		say("floats", () -> often(times, () -> floats(12000)));
		say("shapes", () -> often(times, () -> shapes(12000)));
		say("exceptions", () -> often(times, () -> exceptions(2000)));
		say("arrays", () -> IntStream.range(0, times).map(i -> arrays(5000)).sum());
		IntBinaryOperator[] operators = {(a, b) -> a + b, (a, b) -> a * b - 1, (a, b) -> a ^ b << 3};
		say("lambdas", () -> IntStream.range(0, 40000).reduce(1, (a, b) -> operators[b % 3].applyAsInt(a, b)));
		say("strings", Lab::strings);
		say("collections", Lab::collections);
		say("big", Lab::big);
		say("digests", Lab::digests);
		say("threads", Lab::threads);
		say("functions", () -> Math.sin(1e5) + " " + Math.exp(-3.5) + " " + Math.pow(1.1, 77) + " " + Math.log10(77) + " " + StrictMath.tan(3) + " " + (long) 1e30 + " " + (int) Double.NaN);
	}
}
