#!/bin/sh
# Digests, ciphers, message codes and key derivations of OpenSSL: a line each with the sum of what came out. Ciphers must
# give the text back. Then signatures and key exchanges of keys made here, of which only the verdict is printed.
set -eu
cd "$(mktemp -d)"
seq 1 20000 >text

sum() { sha256sum | cut -c1-16; }

for digest in blake2b512 blake2s256 md4 md5 ripemd160 rmd160 sha1 sha224 sha256 sha384 sha512 sha512-224 sha512-256 \
	sha3-224 sha3-256 sha3-384 sha3-512 shake128 shake256 sm3 whirlpool; do
	case $digest in md4 | whirlpool) provider="-provider legacy" ;; *) provider= ;; esac
	echo "digest $digest $(openssl dgst $provider -$digest -r text | cut -d' ' -f1)"
done

key=000102030405060708090a0b0c0d0e0ff0e0d0c0b0a090807060504030201000
for cipher in $(openssl list -1 -cipher-commands); do
	case $cipher in
	base64) continue ;;
	bf* | cast* | des-cbc | des-cfb | des-ecb | des-ofb | idea* | rc2* | rc4* | seed* | desx) provider="-provider legacy -provider default" ;;
	*) provider= ;;
	esac
	openssl enc $provider -$cipher -K $key -iv 00112233445566778899aabbccddeeff -in text -out sealed 2>/dev/null
	openssl enc $provider -$cipher -d -K $key -iv 00112233445566778899aabbccddeeff -in sealed 2>/dev/null | cmp - text
	echo "cipher $cipher $(sum <sealed)"
done

for cipher in aes-128-ctr aes-256-ctr chacha20 camellia-192-ctr aria-256-ctr sm4-ctr aes-128-cfb8 aes-256-cfb1 aes-192-ofb; do
	openssl enc -$cipher -pass pass:lab -pbkdf2 -iter 3000 -S 0011223344556677 -in text -out sealed
	openssl enc -$cipher -pass pass:lab -pbkdf2 -iter 3000 -S 0011223344556677 -d -in sealed | cmp - text
	echo "password $cipher $(sum <sealed)"
done

for code in "-macopt digest:SHA256 -macopt hexkey:$key HMAC" "-macopt digest:SHA3-256 -macopt hexkey:$key HMAC" \
	"-macopt cipher:AES-256-CBC -macopt hexkey:$key CMAC" "-macopt hexkey:$key KMAC-128" "-macopt hexkey:$key KMAC-256" \
	"-macopt cipher:AES-256-GCM -macopt hexkey:$key -macopt hexiv:00112233445566778899aabb GMAC" \
	"-macopt hexkey:$key Poly1305" "-macopt hexkey:000102030405060708090a0b0c0d0e0f SipHash" \
	"-macopt hexkey:$key BLAKE2BMAC" "-macopt hexkey:$key BLAKE2SMAC"; do
	echo "code ${code##* } $(openssl mac -in text $code)"
done

echo "derive pbkdf2 $(openssl kdf -keylen 40 -kdfopt digest:SHA512 -kdfopt pass:lab -kdfopt salt:salt -kdfopt iter:5000 PBKDF2)"
echo "derive hkdf $(openssl kdf -keylen 40 -kdfopt digest:SHA256 -kdfopt key:lab -kdfopt salt:salt -kdfopt info:info HKDF)"
echo "derive scrypt $(openssl kdf -keylen 40 -kdfopt pass:lab -kdfopt salt:salt -kdfopt n:1024 -kdfopt r:8 -kdfopt p:4 SCRYPT)"

# 2^521-1 and the largest prime below 2^512.
openssl prime 6864797660130609714981900799081393217269435300143305409394463459185543183397656052122559640661454554977296311391480858037121987999716643812574028291115057151
openssl prime -hex fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffdc7

sign() {
	name=$1
	shift
	openssl genpkey -quiet "$@" -out private
	openssl pkey -in private -pubout -out public
	case $name in ed*) raw=-rawin ;; *) raw="-rawin -digest sha256" ;; esac
	openssl pkeyutl -sign -inkey private $raw -in text -out signature
	echo "$name $(openssl pkeyutl -verify -pubin -inkey public $raw -in text -sigfile signature)"
	printf x >>text
	openssl pkeyutl -verify -pubin -inkey public $raw -in text -sigfile signature >verdict 2>&1 || true
	grep -o "Signature Verification Failure" verdict
}
sign rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
sign p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
sign p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
sign k256 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
sign ed25519 -algorithm ED25519
sign ed448 -algorithm ED448

for kind in X25519 X448 "EC -pkeyopt ec_paramgen_curve:P-384" "DH -pkeyopt group:ffdhe2048"; do
	for side in a b; do
		openssl genpkey -quiet -algorithm $kind -out $side
		openssl pkey -in $side -pubout -out $side.public
	done
	openssl pkeyutl -derive -inkey a -peerkey b.public -out ab
	openssl pkeyutl -derive -inkey b -peerkey a.public -out ba
	cmp ab ba && echo "exchange ${kind%% *}"
done
