#!/usr/bin/perl
# Perl: hashes, sorting, regular expressions, pack, big integers, floating-point text. Each line is a result.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Math::BigInt;
use Math::BigFloat;
use List::Util qw(reduce sum0);

my $state = 12345;
sub next_number { return $state = ($state * 1103515245 + 12345) & 0x7fffffff }

my %count;
$count{ join '', map { chr(97 + next_number() / 65536 % 6) } 1 .. 3 }++ for 1 .. 40_000;
print "words ", scalar(keys %count), " ", sha256_hex(join ',', map { "$_=$count{$_}" } sort keys %count), "\n";

my @numbers = map { next_number() } 1 .. 30_000;
print "sorted ", sha256_hex(join ' ', sort { $a <=> $b } @numbers), " ", sum0(@numbers), "\n";

my $text = join ' ', map { sprintf '%s%d', chr(65 + $_ % 26) x ($_ % 5 + 1), $_ * 37 % 1009 } 1 .. 8000;
my $found = () = $text =~ /\b([A-M]{2,4})(\d)\d*\2\b/g;
(my $changed = $text) =~ s/(\w)(\d+)(?=\s[^\d]*7)/$2 * 3 . lc $1/ge;
print "matches $found ", sha256_hex($changed), "\n";
print "balanced ", join('|', 'f(a(b)c)(d(e(f)))x)' =~ /(\((?:[^()]++|(?1))*\))/g), "\n";

my $packed = pack 'Nn C a5 w d> f< q> H6', 0xdeadbeef, 4711, 200, 'hello', 1 << 40, 1 / 3, 1 / 7, -5, 'abcdef';
print "packed ", unpack('H*', $packed), " ", join(',', unpack 'Nn C a5 w d> f< q> H6', $packed), "\n";
print "factorial ", sha256_hex(Math::BigInt->new(400)->bfac->bstr), " ", Math::BigInt->new('123456789' x 5)->bmodpow(65537, '9876543211234567890'), "\n";
print "pi ", Math::BigFloat->bpi(60), " root ", Math::BigFloat->new(2)->bsqrt(50), "\n";

printf "floats %.15g %.17g %e %a %g %s %s\n", 0.1 + 0.2, 1e23, 5e-324, 1 / 3, 1e100, 9**20, -7 % 3;
printf "functions %.12f %.12f %.12f %.12f %.12f %.12f\n", sin(1), cos(2), exp(1.5), log(10), sqrt(2), atan2(1, -2);
printf "integers %d %u %x %s %s\n", -2**62, ~0, 0xffff << 20, 18446744073709551615 + 0, int(-7.9);
print "fibonacci ", fibonacci(21), " collatz ", (reduce { $a > $b ? $a : $b } map { collatz($_) } 1 .. 3000), "\n";
sub fibonacci { my $n = shift; return $n < 2 ? $n : fibonacci($n - 1) + fibonacci($n - 2) }
sub collatz { my ($n, $steps) = (shift, 0); $n = $n % 2 ? 3 * $n + 1 : $n / 2, $steps++ while $n > 1; return $steps }
print "eval ", join(',', map { eval "$_ ** 2 + sub { \$_[0] x 2 }->($_)" } 1 .. 12), "\n";
local $@;
eval { die { code => 42 } };
print "died with $@->{code}, ", (eval { my $zero = 0; 1 / $zero } // $@ =~ s/ at .*//sr), "\n";
