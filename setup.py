"""Compiled parts of skartm; everything else is in pyproject.toml.

The half step is built once per precision and x86-64 level, which is picked at import, so that one wheel runs everywhere
and still uses AVX2 and AVX-512. Environment variables: ``SKARTM_NO_OPENMP=1`` builds without OpenMP (it is also left
out, with a note, where the compiler has none), ``SKARTM_LEVELS=baseline,v3`` limits the levels, ``SKARTM_CFLAGS`` has
flags of the compiler that follow ours. The libraries have neither symbols nor debug information, unless
``SKARTM_CFLAGS`` has a ``-g``.
"""

import copy
import glob
import itertools
import os
import platform
import shutil
import sys
import tempfile

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = "skartm/_kernels"
X86 = platform.machine().lower() in {"x86_64", "amd64", "x64"} and "arm64" not in os.environ.get("ARCHFLAGS", "")

# Sums may be reordered into vector lanes. Not -ffast-math: it would switch the whole process to flush denormals.
GNU_FLAGS = [
    "-O3",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fassociative-math",
    "-fno-signed-zeros",
    "-ffp-contract=fast",
    "-g0",  # Python itself may have been built with -g, and passes it on
]
GNU_LEVELS = {
    "baseline": [],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
MSVC_LEVELS = {"baseline": [], "v3": ["/arch:AVX2"], "v4": ["/arch:AVX512"]}


def levels() -> list[str]:
    wanted = os.environ.get("SKARTM_LEVELS", "baseline,v3,v4" if X86 else "baseline")
    return wanted.split(",")


class BuildKernels(build_ext):
    """Adds the flags of the compiler at hand, and OpenMP if it links; compiles on all processors."""

    def build_extensions(self):
        msvc = self.compiler.compiler_type == "msvc"
        openmp, added = self.openmp_flags(msvc), os.environ.get("SKARTM_CFLAGS", "").split()
        stripped = sys.platform == "linux" and not any(flag.startswith("-g") for flag in added)
        for extension in self.extensions:
            level = extension.name.rpartition("_half_step_")[2].partition("_")[0]
            extra = MSVC_LEVELS.get(level, []) if msvc else GNU_LEVELS.get(level, [])
            extension.extra_compile_args = (["/O2", "/fp:fast"] if msvc else GNU_FLAGS) + extra + openmp[0] + added
            extension.extra_link_args = openmp[1] + (["-Wl,-s"] if stripped else [])
        self.parallel = self.parallel or os.cpu_count()
        super().build_extensions()

    def build_extension(self, extension):
        own = copy.copy(self)  # objects of the variants of a source have the same name
        own.build_temp = os.path.join(self.build_temp, extension.name)
        build_ext.build_extension(own, extension)

    def openmp_flags(self, msvc):
        if os.environ.get("SKARTM_NO_OPENMP") == "1":
            return [], []
        if msvc:
            candidates = [(["/openmp"], [])]
        elif sys.platform == "darwin":
            candidates = [(["-Xpreprocessor", "-fopenmp"], ["-lomp"]), (["-fopenmp"], ["-fopenmp"])]
        else:
            candidates = [(["-fopenmp"], ["-fopenmp"])]
        for flags in candidates:
            if self.links(*flags):
                return flags
        self.announce("OpenMP is not available: building for one thread", level=3)
        return [], []

    def links(self, compile_args, link_args):
        folder = tempfile.mkdtemp()
        try:
            source = os.path.join(folder, "probe.c")
            with open(source, "w") as file:
                file.write("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
            objects = self.compiler.compile([source], output_dir=folder, extra_postargs=compile_args)
            self.compiler.link_executable(objects, os.path.join(folder, "probe"), extra_postargs=link_args)
        except Exception:
            return False
        else:
            return True
        finally:
            shutil.rmtree(folder)


def kernel(name, *depends):
    files = [*depends, *glob.glob(f"{KERNELS}/c/*.h")]
    return Extension(f"skartm._kernels.{name}", [f"{KERNELS}/{name}.pyx"], include_dirs=[f"{KERNELS}/c"], depends=files)


def variants(translated):
    """The half step for every level and precision, from one translation to C, whose init function gets their names."""
    for level, (precision, double) in itertools.product(levels(), {"f32": "0", "f64": "1"}.items()):
        variant = copy.copy(translated)
        variant.name = f"{translated.name}_{level}_{precision}"
        init = f"PyInit_{translated.name.rpartition('.')[2]}"
        variant.define_macros = [("ROWS_DOUBLE", double), (init, f"{init}_{level}_{precision}")]
        yield variant


# what Cython needs for memory views and functions, compiled once and not with every kernel
SHARED = "skartm._kernels._shared"
*others, half_step = cythonize(
    [
        Extension(SHARED, [f"{KERNELS}/_shared.c"]),
        *(kernel(name) for name in ("_cpu", "_neighbours", "_transpose", "_windows", "_ranking")),
        kernel("_half_step", *glob.glob(f"{KERNELS}/loops/*.pxi")),
    ],
    shared_utility_qualified_name=SHARED,
    compiler_directives={
        "language_level": 3,
        "boundscheck": False,
        "wraparound": False,
        "cdivision": True,
        "initializedcheck": False,
        "freethreading_compatible": True,
    },
)
setup(cmdclass={"build_ext": BuildKernels}, ext_modules=[*others, *variants(half_step)])
