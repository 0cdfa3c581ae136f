"""Compiled parts of skartm; everything else is in pyproject.toml.

The half step is built once per x86-64 level and picked at import, so that one wheel runs everywhere and still uses
AVX2 and AVX-512. Environment variables: ``SKARTM_NO_OPENMP=1`` builds without OpenMP (it is also left out, with a note,
where the compiler has none), ``SKARTM_LEVELS=baseline,v3`` limits the levels, ``SKARTM_CFLAGS`` has flags of the
compiler that follow ours. The libraries have neither symbols nor debug information, unless ``SKARTM_CFLAGS`` has a
``-g``.
"""

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
            level = extension.name.rpartition("_half_step_")[2]
            extra = MSVC_LEVELS.get(level, []) if msvc else GNU_LEVELS.get(level, [])
            extension.extra_compile_args = (["/O2", "/fp:fast"] if msvc else GNU_FLAGS) + extra + openmp[0] + added
            extension.extra_link_args = openmp[1] + (["-Wl,-s"] if stripped else [])
        self.parallel = self.parallel or os.cpu_count()
        super().build_extensions()

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


def kernel(name, depends=()):
    return Extension(
        f"skartm._kernels.{name}",
        [f"{KERNELS}/{name}.pyx"],
        include_dirs=[KERNELS],
        depends=[f"{KERNELS}/{file}" for file in depends],
    )


HALF_STEP = ["_half_step.pxi", "_grouped.pxi", "_context.pxi", "_edge_products.pxi", "_hals.pxi", "_observed.pxi"]
HALF_STEP += ["_tables.pxi", "_products.pxi"]
HALF_STEP += ["_team.pxi", "team.h", "rows.h", "rows_real.h", "rows_dense.h"]
HALF_STEP += ["rows_special_f32.h", "rows_special_f64.h", "rows_context.h", "rows_context_real.h", "rows_products.h"]
TEAM = ["_team.pxi", "team.h"]
# what Cython needs for memory views and functions, compiled once and not with every kernel
SHARED = "skartm._kernels._shared"
extensions = [Extension(SHARED, [f"{KERNELS}/_shared.c"])]
extensions += [kernel("_cpu", TEAM), kernel("_neighbours", TEAM)]
extensions += [kernel("_transpose"), kernel("_windows"), kernel("_ranking")]
extensions += [kernel(f"_half_step_{level}", HALF_STEP) for level in levels()]

setup(
    cmdclass={"build_ext": BuildKernels},
    ext_modules=cythonize(
        extensions,
        shared_utility_qualified_name=SHARED,
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "freethreading_compatible": True,
        },
    ),
)
