"""Unaligned loads, memory order and prefetch: what numpy cannot say.

Each is an LLVM instruction when compiled and a line of Python otherwise. Buffers are C-contiguous
uint8 arrays; offsets are not checked here, the caller has done so. `byte`, `u16` and `u32` load in
network order and give int64, for arithmetic; `load_*` give the unsigned word itself.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from appliance.kernels.jit import JIT, inline


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


def _loader(bits: int, big: bool, widen: bool = False) -> Any:
    kind = ir.IntType(bits)

    @intrinsic
    def load(typingctx: Any, buffer: Any, offset: Any) -> Any:
        result = types.int64 if widen else getattr(types, f"uint{bits}")

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer = builder.bitcast(
                _address(context, builder, signature, args), kind.as_pointer()
            )
            value = builder.load(pointer, align=1)
            if big and bits > 8:
                value = builder.bswap(value)
            return builder.zext(value, ir.IntType(64)) if widen else value

        return result(buffer, types.int64), codegen

    return load


@intrinsic
def _prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        block = context.make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.bitcast(builder.gep(block.data, [args[1]]), cgutils.voidptr_t)
        word = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word]),
            "llvm.prefetch.p0i8",
        )
        builder.call(function, [pointer, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


@intrinsic
def _load_acquire(typingctx: Any, buffer: Any, offset: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.bitcast(
            _address(context, builder, signature, args), ir.IntType(32).as_pointer()
        )
        return builder.load_atomic(pointer, "acquire", 4)

    return types.uint32(buffer, types.int64), codegen


@intrinsic
def _store_release(typingctx: Any, buffer: Any, offset: Any, value: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.bitcast(
            _address(context, builder, signature, args[:2]), ir.IntType(32).as_pointer()
        )
        builder.store_atomic(args[2], pointer, "release", 4)
        return context.get_dummy_value()

    return types.void(buffer, types.int64, types.uint32), codegen


def _plain(size: int, order: Any) -> Any:
    def load(buffer: Any, offset: int) -> int:
        return int.from_bytes(buffer[offset : offset + size].tobytes(), order)

    return load


if JIT:
    load_u16le = _loader(16, big=False)
    load_u32le = _loader(32, big=False)
    load_u64le = _loader(64, big=False)
    load_u16be = _loader(16, big=True)
    load_u32be = _loader(32, big=True)
    load_u64be = _loader(64, big=True)
    byte = _loader(8, big=True, widen=True)
    u16 = _loader(16, big=True, widen=True)
    u32 = _loader(32, big=True, widen=True)
    load_acquire_u32 = _load_acquire
    store_release_u32 = _store_release

    @inline
    def prefetch(array: Any, index: Any) -> None:
        """Ask for the cache line that holds array[index] (1-D, contiguous)."""
        _prefetch(array, index)

else:
    load_u16le = _plain(2, "little")
    load_u32le = _plain(4, "little")
    load_u64le = _plain(8, "little")
    load_u16be = _plain(2, "big")
    load_u32be = _plain(4, "big")
    load_u64be = _plain(8, "big")
    byte = _plain(1, "big")
    u16 = _plain(2, "big")
    u32 = _plain(4, "big")
    load_acquire_u32 = _plain(4, "little")

    def store_release_u32(buffer: Any, offset: int, value: int) -> None:
        """Store a word; plain Python has no other threads in a kernel."""
        buffer[offset : offset + 4] = list(int(value).to_bytes(4, "little"))

    def prefetch(array: Any, index: Any) -> None:
        """Ask for a cache line: nothing to do without machine code."""
