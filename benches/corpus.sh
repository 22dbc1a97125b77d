#!/usr/bin/env bash
# Measures one run over a folder of real repositories, against reading the same files:
#
#     benches/corpus.sh DIR
#
# Prints the wall time of `cat` over the files of DIR, of `deploylint` over DIR, their ratio, the peak memory, and the time
# for the largest Dockerfile alone. Beside it hadolint's time for all Dockerfiles, if it is on the PATH. Best of RUNS
# (default 3) after one run that warms the cache. Needs bash, python3 and GNU time (/usr/bin/time).
#
#     DEPLOYLINT=path/to/binary    what to measure; built from this checkout (release) unless given
#     RUNS=5
set -euo pipefail

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: $0 DIR" >&2
    exit 2
fi
dir="$(cd "$1" && pwd)"
here="$(cd "$(dirname "$0")/.." && pwd)"
runs="${RUNS:-3}"

if [ -z "${DEPLOYLINT:-}" ]; then
    cargo build --quiet --release --manifest-path "$here/Cargo.toml"
    DEPLOYLINT="${CARGO_TARGET_DIR:-$here/target}/release/deploylint"
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Every regular file but git's own. The list is made once, so that neither side pays for it twice.
find "$dir" -name .git -prune -o -type f -print0 > "$work/files"

# Prints seconds and KiB: the least of the runs, after one for the cache.
measure() {
    local at
    "$@" > /dev/null 2>&1 || true
    : > "$work/times"
    for ((at = 0; at < runs; at++)); do
        /usr/bin/time --quiet --append --output "$work/times" --format '%e %M' "$@" > /dev/null 2>&1 || true
    done
    python3 - "$work/times" << 'PYTHON'
import sys

rows = [tuple(map(float, line.split())) for line in open(sys.argv[1]) if line.strip()]
print(min(row[0] for row in rows), max(row[1] for row in rows))
PYTHON
}

export FILES="$work/files"
read -r cat_s _ < <(measure bash -c 'xargs -0 cat < "$FILES"')
read -r lint_s lint_kib < <(measure "$DEPLOYLINT" "$dir" --isolated --format json --fail-on never)

dockerfile="$(find "$dir" -name .git -prune -o -type f -name Dockerfile -size -64k -printf '%s %p\n' | sort -rn | sed -n 1p | cut -d' ' -f2-)"
one_s=-
if [ -n "$dockerfile" ]; then
    mkdir "$work/one"
    cp "$dockerfile" "$work/one/Dockerfile"
    # GNU time counts in hundredths; a hundred runs make milliseconds of them.
    export ONE="$work/one" DEPLOYLINT
    read -r hundred _ < <(measure bash -c 'for ((at = 0; at < 100; at++)); do "$DEPLOYLINT" "$ONE" --isolated --fail-on never > /dev/null || true; done')
    one_s="$(python3 -c "print($hundred / 100)")"
fi

python3 - "$work/files" "$cat_s" "$lint_s" "$lint_kib" "$one_s" << 'PYTHON'
import os
import sys

files, cat, lint, kib, one = sys.argv[1:]
paths = [path for path in open(files, "rb").read().split(b"\0") if path]
size = sum(os.path.getsize(path) for path in paths)
cat, lint = float(cat), float(lint)
print(f"files            {len(paths):>10,}   {size / 1e6:,.1f} MB")
print(f"cat              {cat:>10.2f} s")
print(f"deploylint       {lint:>10.2f} s")
print(f"ratio            {lint / max(cat, 0.01):>10.1f} times cat")
print(f"peak memory      {float(kib) / 1024:>10.0f} MB")
if one != "-":
    print(f"one Dockerfile   {float(one) * 1000:>10.1f} ms")
PYTHON

if command -v hadolint > /dev/null; then
    find "$dir" -name .git -prune -o -type f -name 'Dockerfile*' -print0 > "$work/files"
    read -r had_s had_kib < <(measure bash -c 'xargs -0 hadolint --no-fail < "$FILES"')
    python3 -c "print(f'hadolint         {$had_s:>10.2f} s, {$had_kib / 1024:.0f} MB, for the Dockerfiles alone')"
fi
