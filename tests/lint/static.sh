#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# static.sh BUILD - cppcheck and clang-tidy over format/, replay/ and record/, gcc -fanalyzer over the
# first two. BUILD is a build folder of clang's with the recorder. Ends with how much was looked at.
set -eu
cd "$(dirname "$0")/../.."

# unknownEvaluationOrder: taken for it are nested designated initialisers.
# legacyUninitvar in procfs.c: the buffer that read() is about to fill.
# memleak in tree.c: the pointer is given back by memcpy().
# normalCheckLevelMaxBranches: no finding, but newer versions' word on how far they looked.
failed=0
cppcheck -q --enable=warning,portability --std=c11 -D_GNU_SOURCE -DVFT_TOOL_VERSION='"0"' \
	-I . -I format/include --suppress=normalCheckLevelMaxBranches \
	--suppress=unknownEvaluationOrder --suppress=legacyUninitvar:record/watch/procfs.c \
	--suppress=memleak:replay/tree/tree.c \
	--error-exitcode=1 -j2 format replay record || failed=1

# What gcc 12 and 14 get wrong, file by file.
excused() {
	case $1 in
	# The first n_columns are filled by the loop before, which ends early only by returning.
	format/block/block.c) echo -Wno-analyzer-use-of-uninitialized-value ;;
	# What ends a cursor is NULL only where its beginning is.
	format/block/decode.c) echo -Wno-analyzer-null-dereference ;;
	# The struct is given back as its first member and freed by that.
	format/base/io.c | replay/source/view.c) echo -Wno-analyzer-malloc-leak ;;
	# A table that has grown is kept by the one it was copied to.
	replay/model/pids.c) echo -Wno-analyzer-malloc-leak ;;
	# The chain is kept by its last wait.
	replay/model/model_episode.c) echo -Wno-analyzer-malloc-leak ;;
	# What stands in for a closed standard stream stays open.
	replay/main.c) echo -Wno-analyzer-fd-leak ;;
	# An option that takes a value is not called without one.
	replay/options.c) echo -Wno-analyzer-null-argument -Wno-analyzer-null-dereference ;;
	esac
}

# What clang-tidy 14 and 19 get wrong, file by file. It sees one file at a time, so it does not know
# that vft_fail() gives its code back: to it what failed goes on.
tidy_excused() {
	case $1 in
	# Same column minus itself, for symmetry with the lines below it.
	format/block/decode.c) echo -misc-redundant-expression,-clang-analyzer-core.NullDereference ;;
	# Two macros of two headers, which must agree.
	record/kernel/translate.c) echo -misc-redundant-expression ;;
	# argv has a first word, so its size is not 0.
	record/describe.c) echo -clang-analyzer-optin.portability.UnixAPI ;;
	# Freed by the cleanup attribute, which this version does not follow.
	record/store/redact.c | record/options.c) echo -clang-analyzer-unix.Malloc ;;
	format/redact/extra.c) echo -clang-analyzer-unix.Malloc,-clang-analyzer-core.NullDereference ;;
	# The same; see above for the other.
	record/store/output.c) echo -clang-analyzer-unix.Malloc,-clang-analyzer-core.UndefinedBinaryOperatorResult ;;
	record/start/privileges.c) echo -clang-analyzer-core.UndefinedBinaryOperatorResult ;;
	# The skeleton is generated; see above for the others.
	record/kernel/session.c) echo -clang-analyzer-unix.Malloc,-clang-analyzer-core.NullDereference,-clang-analyzer-core.CallAndMessage ;;
	record/kernel/examiner.c) echo -clang-analyzer-unix.Malloc ;;
	# No event is appended of which vft_encoder_bound() has not seen that its kind is known.
	format/block/encode.c) echo -clang-analyzer-core.BitwiseShift,-clang-analyzer-core.NullDereference ;;
	# Room for what is put was made by the caller.
	replay/source/order.c) echo -clang-analyzer-core.NullDereference ;;
	# A row of cells has at least one column.
	replay/print/text.c) echo -clang-analyzer-core.DivideZero ;;
	# What ends a cursor is NULL only where its beginning is.
	format/*) echo -clang-analyzer-core.NullDereference ;;
	*) echo -none ;;
	esac
}

# tidy BUILD FILE...: two at a time, each with its own output, so that findings do not mix.
tidy() {
	build=$1
	shift
	# shellcheck disable=SC2016 # expanded by the inner shell
	for file; do
		echo "$file" "$(tidy_excused "$file")"
	done | xargs -P 2 -n 2 sh -c 'out=$(clang-tidy -p "$0" --quiet --checks="$2" "$1" 2>&1) ||
		{ printf "%s\n" "$out"; exit 1; }' "$build"
}

build=$1
# bpf/ is compiled for another machine, which clang-tidy is not asked to imitate.
analysed=$(find format replay -name '*.c' | sort)
tidied="$analysed $(find record -name '*.c' | sort)"
# shellcheck disable=SC2086 # lists of words, here and below
tidy "$build" $tidied || failed=1

n_gcc=0
for file in $analysed; do
	# shellcheck disable=SC2046 # a list of words
	gcc -std=gnu11 -D_GNU_SOURCE -DVFT_TOOL_VERSION='"0"' -O2 -I. -Iformat/include -fanalyzer \
		-Werror $(excused "$file") -c -o /dev/null "$file" || failed=1
	n_gcc=$((n_gcc + 1))
done
[ $failed -eq 0 ] || exit 1
# shellcheck disable=SC2086
set -- $tidied
echo "cppcheck and clang-tidy ($(clang-tidy --list-checks | grep -c '^  ') checks): $# files;" \
	"gcc -fanalyzer: $n_gcc files; no findings"
