#!/bin/sh
# Makes .venv what this version of the code needs: finds a Python that can, or says in a sentence what is missing before
# anything is made. Needs no Python to say so. PYTHON names one; otherwise the first suitable one of the PATH is taken.
# GOAL is what was asked of make, for the sentence.
set -u
unset PYTHONHOME PYTHONPATH

NEEDED="Python 3.11, 3.12 or 3.13 with its modules venv and ensurepip"

probe() {
    # "ok", or what keeps this one from installing Outturn. Runs on any Python, old ones too.
    "$1" -c '
import sys
version = sys.version_info
text = "Python %d.%d.%d" % tuple(version[:3])
if not (3, 11) <= version < (3, 14):
    print("is " + text)
elif sys.implementation.name != "cpython":
    print("is " + sys.implementation.name + " and not CPython")
else:
    try:
        import ensurepip, ssl, venv
        print("ok")
    except ImportError as error:
        print("is " + text + " without its module " + error.name)
' 2>/dev/null
}

verdict() {
    found=$(probe "$1" | head -n 1)
    case "$found" in
        ok | is\ *) printf '%s\n' "$found" ;;
        *)
            found=$("$1" --version 2>&1 | head -n 1)
            case "$found" in
                Python\ [0-9]*) printf 'is %s\n' "$found" ;;
                *) printf 'does not run\n' ;;
            esac
            ;;
    esac
}

refuse() {
    # $1: what was found. The remedy names the package of the version that lacks a module, if one does.
    package="python3.11 python3.11-venv" again=python3.11
    case "$1" in
        *"Python 3.1"[123]*" without its module "*)
            again=python$(printf '%s' "$1" | sed 's/.*is Python \(3\.1[123]\)[0-9.]* without its module .*/\1/')
            package=$again-venv
            ;;
    esac
    printf '%s\n' "Outturn needs $NEEDED; $1. Install it (Debian and Ubuntu: apt install $package), then run \`PYTHON=$again make ${GOAL:-demo}\`." >&2
    exit 1
}

if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" >/dev/null 2>&1 || refuse "there is no $PYTHON on the PATH"
    said=$(verdict "$PYTHON")
    [ "$said" = ok ] || refuse "$PYTHON ($(command -v "$PYTHON")) $said"
    exec "$PYTHON" -I deploy/install.py
fi

# What is there and whole stays, whichever Python comes first on the PATH today.
if [ -x .venv/bin/python ] && .venv/bin/python -I deploy/install.py --check >/dev/null 2>&1; then
    exit 0
fi

seen=""
for name in python3 python3.11 python3.12 python3.13 python; do
    command -v "$name" >/dev/null 2>&1 || continue
    said=$(verdict "$name")
    [ "$said" = ok ] && exec "$name" -I deploy/install.py
    # A launcher that finds no such version is no Python that a person would want named.
    [ "$said" = "does not run" ] && [ "$name" != python3 ] && continue
    seen="${seen:+$seen, }$name ($(command -v "$name")) $said"
done
refuse "${seen:-there is no python3 on the PATH}"
