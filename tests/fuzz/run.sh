#!/bin/sh
# Fuzzes core, link and application with libFuzzer, address and undefined-behaviour sanitizers (clang).
#
#   tests/fuzz/run.sh model 60              the target `model` for 60 seconds
#   tests/fuzz/run.sh contract -runs=1000   a number of executions instead
#
# New inputs go to build/fuzz/<target>, beside the committed corpus, which is only read. A finding is written to
# build/fuzz/ and run again with: build/fuzz/fuzz_<target> FILE
set -eu
cd "$(dirname "$0")" # relative paths from here on: they hold no blanks
core=../../firmware/core
work=${TINYGESTURE_FUZZ_DIR:-../../build/fuzz}
target=${1:?usage: run.sh model|contract|link|app [seconds | libFuzzer options]}
shift
case ${1:-15} in
    -*) ;;
    *) seconds=${1:-15}; [ $# -eq 0 ] || shift; set -- "-max_total_time=$seconds" "$@" ;;
esac
mkdir -p "$work/$target"
listed() { # the sources of a folder of the firmware
    sed -n 's/^ *\([a-z0-9_/]*\.c\).*/\1/p' "$1/sources.cmake" | sed "s|^|$1/|"
}
firmware=../../firmware
case $target in
    link) sources=$(listed "$firmware/link") ;;
    app) sources="$(listed "$core") $(listed "$firmware/link") $(listed "$firmware/app" | grep -v /main.c) \
        $firmware/drivers/tg_axes.c" ;;
    *) sources=$(listed "$core") ;;
esac
# shellcheck disable=SC2086 # a list of files
"${CLANG:-clang}" -std=c11 -g -O1 -fno-omit-frame-pointer \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    "-I$core" -o "$work/fuzz_$target" "fuzz_$target.c" $sources
# The sanitizer watches the memory in use: libFuzzer's own limit counts what a large parent process used before the start.
export ASAN_OPTIONS="hard_rss_limit_mb=1024${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
exec "$work/fuzz_$target" -max_len=6144 -timeout=10 -rss_limit_mb=0 -malloc_limit_mb=1024 -artifact_prefix="$work/" \
    -print_final_stats=1 "$@" "$work/$target" "corpus/$target"
