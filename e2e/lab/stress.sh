#!/bin/sh
# stress-ng, which verifies its own results: each method of the stressors that have methods, and the other stressors of the
# processor and the memory, a short time each. Prints what was run, and what stress-ng said of each that failed.
#
# Left out: what measures and has no result to verify (memrate, nop, null), what needs hardware that is not here (ipsec-mb,
# ioport, gpu, numa, cpu-online, llc-affinity), what takes all memory on purpose (bigheap, brk, oom-pipe, resources, swap), and
# what exercises the kernel rather than the processor (file systems, network, scheduling: cyclic wants 90 % of a CPU twice, which one
# CPU does not have), and what this version skips where the vendor is not Intel (rdrand, tsc).
cd "$(mktemp -d)" || exit 1

try() {
	if ! stress-ng --verify --timeout 20 "$@" >said 2>&1 || grep -qiE 'fail|unexpected' said; then
		echo "FAILED: stress-ng $*"
		grep -E 'fail|error|unexpected' said | head -5
	elif ! grep -q 'successful run' said || grep -q skipped said; then
		echo "SKIPPED: stress-ng $*"
	fi
}

methods_of() { stress-ng "--$1-method" which 2>&1 | sed -n 's/.*must be one of: \(all \)\?//p'; }

# with_methods STRESSOR OPERATIONS OPTIONS…
with_methods() {
	stressor=$1 operations=$2
	shift 2
	count=0
	for method in $(methods_of "$stressor"); do
		try "--$stressor" 1 "--$stressor-method" "$method" "--$stressor-ops" "$operations" "$@"
		count=$((count + 1))
	done
	echo "$stressor: $count methods"
}

case ${1-all} in
cpu | all)
	with_methods cpu 50 --timeout 1
	;;
esac
case ${1-all} in
memory | all)
	with_methods vm 1 --vm-bytes 2m
	with_methods memcpy 2
	with_methods matrix 8 --matrix-size 48
	with_methods matrix-3d 2 --matrix-3d-size 16
	with_methods str 20
	with_methods wcs 20
	with_methods memthrash 2
	with_methods funccall 2
	with_methods zlib 2
	with_methods misaligned 2
	;;
esac
case ${1-all} in
others | all)
	count=0
	for stressor in atomic bad-altstack branch bsearch cache crypt dekker far-branch fp fp-error full funcret getrandom goto \
		hash heapsort hsearch icache judy l1cache list lockbus longjmp lsearch malloc mcontend membarrier memfd mergesort \
		mincore mmap mprotect mremap opcode peterson pkey prefetch priv-instr qsort radixsort randlist \
		regs remap rotate shellsort sigabrt sigchld sigfpe sigrt sigsegv sigsuspend sigtrap skiplist sparsematrix \
		stack stackmmap stream switch syncload tlb-shootdown tree tsearch vdso vecfp vecmath vecshuf vecwide vm-addr \
		vm-rw vm-segv x86cpuid zero; do
		try "--$stressor" 1 --timeout 2
		count=$((count + 1))
	done
	echo "others: $count stressors"
	;;
esac
case ${1-all} in
mix | all)
	# All at once, so that the processor changes between them.
	set --
	for stressor in bsearch cpu crypt fp funccall hash heapsort longjmp matrix matrix-3d memcpy memthrash misaligned qsort str \
		vecfp vecmath vecshuf vecwide vm wcs zlib; do
		set -- "$@" "--$stressor" 1
	done
	try "$@" --cpu-method all --vm-method all --vm-bytes 16m --timeout 600
	echo "mix: $(($# / 2)) stressors"
	;;
esac
