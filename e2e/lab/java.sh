#!/bin/sh
# javac, then its program in HotSpot's interpreter, in code of C1 only, of C2 only, and as HotSpot itself chooses. What the
# program prints must be the same in all.
set -eu
here=$(dirname "$(readlink -f "$0")")
cd "$(mktemp -d)"
javac -encoding UTF-8 -d . "$here/Lab.java"
sha256sum <Lab.class | cut -c1-16
java -Dfile.encoding=UTF-8 -Xint Lab 2 | tee interpreted
java -Dfile.encoding=UTF-8 -XX:TieredStopAtLevel=1 Lab 2 | cmp - interpreted && echo C1
java -Dfile.encoding=UTF-8 -XX:-TieredCompilation -XX:CompileThreshold=1000 Lab 2 | cmp - interpreted && echo C2
java -Dfile.encoding=UTF-8 -XX:+UseParallelGC -Xmn2m Lab 40 | grep -v ^arrays >often
grep -v ^arrays interpreted | cmp - often && echo tiered
# Serialized into an archive of classes and used from there: other code, at other addresses.
java -XX:+UseSerialGC -Xshare:on -version 2>&1 | grep -o sharing
