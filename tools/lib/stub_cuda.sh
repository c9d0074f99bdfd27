# A stand-in for CUDA's half of torch. PyPI's torch is linked with CUDA's libraries, 2 GB that are of no use to a test
# on the CPU. This one library has the names that are asked of them: a function ends the program and says which one it
# was.
# shellcheck shell=bash

# The only function called when torch is imported; it must return the address of a variable.
readonly STUB_VARIABLE=_ZN4c10d15get_gil_checkerEv

# stub_cuda TORCH_LIB FOLDER LIBRARY…: puts libtorch_cuda.so and two others into FOLDER, where libtorch_python.so is.
# TORCH_LIB has the real ones, and each LIBRARY is another library that asks for names.
stub_cuda() {
  local real=$1 folder=$2 work=$2/stub
  shift 2
  mkdir "$work" || return 1
  wanted_of_cuda "$real" "$folder/libtorch_python.so" "$@" | stub_source >"$work/stub.s"
  # A library that torch was linked with by version.
  echo 'libcudnn.so.9 { cudnn*; };' >"$work/stub.map"
  "$(choose_compiler release)" -shared -Wl,-soname,libtorch_cuda.so -Wl,--version-script,"$work/stub.map" \
    -o "$folder/libtorch_cuda.so" "$work/stub.s" || return 1
  ln -s libtorch_cuda.so "$folder/libcudnn.so.9"
  ln -s libtorch_cuda.so "$folder/libcufile.so.0"
  rm -r "$work"
}

# The names in libraries, sorted, one per line: --defined-only or --undefined-only, LIBRARY…
names_in() { nm -D "$@" | awk 'NF > 1 {sub(/@.*/, "", $NF); print $NF}' | LC_ALL=C sort -u; }

# wanted_of_cuda TORCH_LIB LIBRARY…: what the libraries ask of the CUDA half only.
wanted_of_cuda() {
  local real=$1
  shift
  LC_ALL=C comm -12 <(names_in --undefined-only "$@") \
    <(names_in --defined-only "$real/libtorch_cuda.so" "$real/libtorch_nvshmem.so") |
    LC_ALL=C comm -23 - <(names_in --defined-only "$real/libtorch_cpu.so" "$real/libc10.so" "$real/libc10_cuda.so")
  names_in --undefined-only "$@" | grep -E '^(cuFile|cudnn)'
}

# Assembler for the names: type information that can be read, tables of zeros, and functions.
stub_source() {
  awk -v variable="$STUB_VARIABLE" '
    {print ".globl " $0}
    /^_ZTI/ {print ".data; .balign 8; " $0 ": .quad _ZTVN10__cxxabiv117__class_type_infoE+16, 1f; 1: .asciz \"" substr($0, 5) "\""; next}
    /^_ZTV/ {print ".data; .balign 8; " $0 ": .zero 512"; next}
    $0 == variable {print ".bss; .balign 8; 1: .zero 64; .text; " $0 ": lea 1b(%rip), %rax; ret"; next}
    {print ".section .rodata; 1: .asciz \"" $0 "\"; .text; " $0 ": lea 1b(%rip), %rdi; jmp unexpected"}
    END {
      print ".text; unexpected: sub $8, %rsp; call puts@PLT; call abort@PLT"
      print ".section .note.GNU-stack, \"\", @progbits"
    }'
}
