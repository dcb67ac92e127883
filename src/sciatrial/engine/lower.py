"""Plain Python functions → LLVM text for one kind of processor.

What the engine does with numbers is written as plain functions in a small part of Python. This module writes them as
vector code, one patient in each lane, and for graphics processors; numba compiles the same step with a driver of its
own, one patient at a time, as the reference. The part of Python: assignments, ``if``, ``while``, ``for … in
range(…)``, ``break``, ``continue``, ``return`` of one value; arithmetic, comparisons, ``and``, ``or``, ``not``,
conditional expressions, and the functions of `call`. A product that is added or subtracted becomes one fused operation,
so that every processor rounds alike.
"""

from __future__ import annotations

import ast
import inspect
import math
import platform
import struct
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

# kinds of value: one number for all lanes, or a vector with one number for each; the plurals are addresses of such
_RANKS = ("bool", "int", "float", "vector")
ADDRESSES = {"ints": "int", "floats": "float", "bytes": "int", "reals": "float", "vectors": "vector"}


@dataclass(frozen=True)
class Target:
    """A processor as the emitters see it: how many patients go in step, and in which precision they are computed.

    ``triple`` is LLVM's name of the processor; empty for the machine that this runs on.
    """

    lanes: int
    is_double: bool = True
    triple: str = ""
    cpu: str = ""
    features: str = ""

    @property
    def element(self) -> str:
        """LLVM's word for one number."""
        return "double" if self.is_double else "float"

    @property
    def is_x86(self) -> bool:
        """Whether it is an Intel or AMD processor."""
        name = self.triple.split("-")[0] or platform.machine()
        return name.lower() in ("x86_64", "amd64")

    @property
    def is_graphics(self) -> bool:
        """Whether it is a graphics processor, each thread of which is a lane."""
        return self.triple.startswith("nvptx")

    @property
    def bits(self) -> int:
        """Bits of one number."""
        return 64 if self.is_double else 32

    @property
    def vector(self) -> str:
        """LLVM's word for one number in each lane."""
        return self.element if self.lanes == 1 else f"<{self.lanes} x {self.element}>"

    @property
    def whole(self) -> str:
        """LLVM's word for one whole number, as wide as an element, in each lane."""
        return f"i{self.bits}" if self.lanes == 1 else f"<{self.lanes} x i{self.bits}>"

    @property
    def mask(self) -> str:
        """LLVM's word for one truth value in each lane."""
        return "i1" if self.lanes == 1 else f"<{self.lanes} x i1>"

    @property
    def suffix(self) -> str:
        """What LLVM appends to the name of a function of such vectors."""
        return f"f{self.bits}" if self.lanes == 1 else f"v{self.lanes}f{self.bits}"

    @property
    def alignment(self) -> int:
        """Bytes between one vector and the next."""
        return self.lanes * self.bits // 8

    def llvm(self, kind: str) -> str:
        """Return LLVM's word for a kind of value."""
        words = {"bool": "i1", "int": "i64", "float": "double", "vector": self.vector, "mask": self.mask, "": "void"}
        return "ptr" if kind in ADDRESSES else words[kind]

    def number(self, value: float) -> str:
        """Return one number of an element's precision as LLVM writes it."""
        if not self.is_double:
            value = struct.unpack("f", struct.pack("f", value))[0]
        return double(value)

    def constant(self, value: float) -> str:
        """Return a vector that holds the same number in each lane."""
        return self._repeated(self.element, self.number(value))

    def whole_constant(self, value: int) -> str:
        """Return a vector that holds the same whole number in each lane."""
        return self._repeated(f"i{self.bits}", str(value))

    def _repeated(self, element: str, text: str) -> str:
        return text if self.lanes == 1 else f"<{', '.join([f'{element} {text}'] * self.lanes)}>"


def double(value: float) -> str:
    """Return a number as LLVM writes it: by its bits, so that nothing is lost."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}"


class Lines:
    """The lines of one LLVM function, and the operations on vectors that all emitters share."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.lines: list[str] = []
        self._count = 0

    def raw(self, line: str) -> None:
        """Add a line that gives no value."""
        self.lines.append(line)

    def value(self, text: str) -> str:
        """Add a line that gives a value; return its name."""
        self._count += 1
        self.lines.append(f"  %v{self._count} = {text}")
        return f"%v{self._count}"

    def label(self, word: str) -> str:
        """Return a new label."""
        self._count += 1
        return f"{word}{self._count}"

    def at(self, address: str, place: int) -> str:
        """Return the address of a vector in an array of vectors."""
        if not place:
            return address
        return self.value(f"getelementptr {self.target.element}, ptr {address}, i64 {place * self.target.lanes}")

    def load(self, address: str, place: int) -> str:
        """Return a vector of an array."""
        target = self.target
        return self.value(f"load {target.vector}, ptr {self.at(address, place)}, align {target.alignment}")

    def store(self, value: str, address: str, place: int) -> None:
        """Write a vector into an array."""
        target = self.target
        self.raw(f"  store {target.vector} {value}, ptr {self.at(address, place)}, align {target.alignment}")

    def arithmetic(self, operation: str, a: str, b: str) -> str:
        """Return ``fadd``, ``fsub``, ``fmul`` or ``fdiv`` of two vectors."""
        return self.value(f"{operation} {self.target.vector} {a}, {b}")

    def negate(self, a: str) -> str:
        """Return −a."""
        return self.value(f"fneg {self.target.vector} {a}")

    def fused(self, a: str, b: str, c: str) -> str:
        """Return a × b + c, rounded once."""
        vector = self.target.vector
        return self.value(f"call {vector} @llvm.fma.{self.target.suffix}({vector} {a}, {vector} {b}, {vector} {c})")

    def compare(self, condition: str, a: str, b: str) -> str:
        """Return a truth value for each lane."""
        return self.value(f"fcmp {condition} {self.target.vector} {a}, {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        """Return a where the mask is true, else b."""
        target = self.target
        return self.value(f"select {target.mask} {mask}, {target.vector} {a}, {target.vector} {b}")

    def splat(self, scalar: str) -> str:
        """Return a vector that holds a double in each lane."""
        target = self.target
        if not target.is_double:
            scalar = self.value(f"fptrunc double {scalar} to float")
        if target.lanes == 1:
            return scalar
        first = self.value(f"insertelement {target.vector} poison, {target.element} {scalar}, i64 0")
        zeros = f"<{target.lanes} x i32> zeroinitializer"
        return self.value(f"shufflevector {target.vector} {first}, {target.vector} poison, {zeros}")

    def reciprocal(self, a: str) -> str:
        """Return 1 / a."""
        return self.arithmetic("fdiv", self.target.constant(1.0), a)

    def exp(self, x: str) -> str:
        """Return e to the power x, to about one unit in the last place.

        It is 0 below −708 (−87 in single precision) and infinite above 709 (88).
        """
        target = self.target
        size, digits, most, terms = (1.5 * 2**52, 52, 708.0, 13) if target.is_double else (1.5 * 2**23, 23, 87.0, 7)
        high, low = (0.693147180369123816490, 1.90821492927058770002e-10)
        if not target.is_double:
            high, low = 0.693359375, -2.12194440e-4
        limited = self.select(self.compare("olt", x, target.constant(-most)), target.constant(-most), x)
        limited = self.select(
            self.compare("ogt", limited, target.constant(most + 1)), target.constant(most + 1), limited
        )
        # adding and taking away a number this large rounds to a whole one, which then sits in the lowest bits
        shifted = self.fused(limited, target.constant(1.4426950408889634), target.constant(size))
        whole = self.arithmetic("fsub", shifted, target.constant(size))
        rest = self.fused(whole, target.constant(-high), limited)
        rest = self.fused(whole, target.constant(-low), rest)
        total = target.constant(1 / _factorial(terms))
        for term in range(terms - 1, -1, -1):
            total = self.fused(total, rest, target.constant(1 / _factorial(term)))
        bits = self.value(f"bitcast {target.vector} {shifted} to {target.whole}")
        bits = self.value(f"shl {target.whole} {bits}, {target.whole_constant(digits)}")
        raised = self.value(f"bitcast {target.vector} {total} to {target.whole}")
        raised = self.value(f"add {target.whole} {raised}, {bits}")
        result = self.value(f"bitcast {target.whole} {raised} to {target.vector}")
        result = self.select(self.compare("olt", x, target.constant(-most)), target.constant(0.0), result)
        infinite = target.constant(float("inf"))
        result = self.select(self.compare("ogt", x, target.constant(most + 1)), infinite, result)
        return self.select(self.compare("uno", x, x), x, result)

    def log(self, x: str) -> str:
        """Return the natural logarithm of x, to about one unit in the last place; not a number for x of 0 or less."""
        target = self.target
        digits, centre, top = (52, 0x3FE6A09E667F3BCD, 19) if target.is_double else (23, 0x3F3504F3, 9)
        bits = self.value(f"bitcast {target.vector} {x} to {target.whole}")
        above = self.value(f"sub {target.whole} {bits}, {target.whole_constant(centre)}")
        exponent = self.value(f"ashr {target.whole} {above}, {target.whole_constant(digits)}")
        back = self.value(f"shl {target.whole} {exponent}, {target.whole_constant(digits)}")
        rest = self.value(f"sub {target.whole} {bits}, {back}")
        rest = self.value(f"bitcast {target.whole} {rest} to {target.vector}")  # from 0.71 to 1.41
        power = self.value(f"sitofp {target.whole} {exponent} to {target.vector}")
        one = target.constant(1.0)
        ratio = self.arithmetic("fdiv", self.arithmetic("fsub", rest, one), self.arithmetic("fadd", rest, one))
        square = self.arithmetic("fmul", ratio, ratio)
        total = target.constant(2.0 / top)
        for odd in range(top - 2, 0, -2):
            total = self.fused(total, square, target.constant(2.0 / odd))
        result = self.fused(power, target.constant(0.6931471805599453), self.arithmetic("fmul", total, ratio))
        return self.select(self.compare("ogt", x, target.constant(0.0)), result, target.constant(float("nan")))

    def positive_part(self, a: str) -> str:
        """Return a where it is above 0, else 0; not a number stays so."""
        zero = self.target.constant(0.0)
        return self.select(self.compare("olt", a, zero), zero, a)

    def is_positive(self, a: str) -> str:
        """Return 1 where a is above 0, else 0."""
        target = self.target
        return self.select(self.compare("ogt", a, target.constant(0.0)), target.constant(1.0), target.constant(0.0))

    def power(self, a: str, exponent: str) -> str:
        """Return the positive part of a, to a power above 0."""
        target = self.target
        zero = target.constant(0.0)
        is_above = self.compare("ogt", a, zero)
        raised = self.exp(self.arithmetic("fmul", exponent, self.log(self.select(is_above, a, target.constant(1.0)))))
        found = self.select(is_above, raised, zero)
        return self.select(self.compare("uno", a, a), a, found)


def _factorial(n: int) -> int:
    return n * _factorial(n - 1) if n else 1


@dataclass(frozen=True)
class Signature:
    """What a function takes (name → kind) and gives (a kind, empty for nothing)."""

    takes: Mapping[str, str]
    gives: str = ""


@cache
def source_of(function: Callable[..., object]) -> str:
    """Return the text of a function, as it was when it was first asked for: files may change under a process."""
    return textwrap.dedent(inspect.getsource(function))


def function_text(
    function: Callable[..., object],
    signature: Signature,
    target: Target,
    *,
    numbers: Mapping[str, float] | None = None,
    functions: Mapping[str, Signature] | None = None,
) -> str:
    """Return a plain function as LLVM text.

    Parameters
    ----------
    function
        Written in the part of Python that the module names.
    signature
        Kinds of its arguments, in their order, and of what it gives.
    numbers
        Constants that it reads by name: whole numbers become ``int``, others ``float``.
    functions
        What it may call besides what the module's text names.

    Raises
    ------
    SyntaxError
        Where it leaves that part of Python.
    """
    tree = ast.parse(source_of(function))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise SyntaxError("expected one function")
    known: dict[str, str] = {}
    while True:
        lowering = _Lowering(target, signature, numbers or {}, functions or {}, known)
        try:
            return lowering.text(definition)
        except _WiderError as wider:  # a name turned out to hold a wider kind: start again, knowing that
            known[wider.name] = wider.kind


class _WiderError(Exception):
    def __init__(self, name: str, kind: str) -> None:
        super().__init__(f"{name} is a {kind}")
        self.name, self.kind = name, kind


class _Lowering(Lines):
    """Walks one function. Every local name has a place on the stack, which LLVM turns into registers."""

    def __init__(
        self,
        target: Target,
        signature: Signature,
        numbers: Mapping[str, float],
        functions: Mapping[str, Signature],
        known: Mapping[str, str],
    ) -> None:
        super().__init__(target)
        self.signature, self.numbers, self.functions, self.known = signature, numbers, functions, known
        self.kinds: dict[str, str] = dict(signature.takes)
        self.places: list[str] = []
        self.loops: list[tuple[str, str]] = []  # where `continue` and `break` go

    def text(self, definition: ast.FunctionDef) -> str:
        arguments = []
        for name, kind in self.signature.takes.items():
            extra = " noalias" if kind in ADDRESSES else ""
            arguments.append(f"{self.target.llvm(kind)}{extra} %arg.{name}")
            if kind not in ADDRESSES:
                self.place(name, kind)
                self.write(name, f"%arg.{name}")
        self.block(definition.body)
        if not self.signature.gives:
            self.raw("  ret void")
        else:
            self.raw("  unreachable")
        head = f"define internal {self.target.llvm(self.signature.gives)} @{definition.name}({', '.join(arguments)})"
        return "\n".join([head + " noinline alignstack(64) {", "entry:", *self.places, *self.lines, "}"])

    def place(self, name: str, kind: str) -> None:
        self.kinds[name] = kind
        self.places.append(f"  %{name} = alloca {self.target.llvm(kind)}")

    def write(self, name: str, value: str) -> None:
        self.raw(f"  store {self.target.llvm(self.kinds[name])} {value}, ptr %{name}")

    # statements

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            handler = getattr(self, f"on_{type(statement).__name__.lower()}", None)
            if handler is None:
                raise self.refused(statement)
            handler(statement)

    def refused(self, node: ast.AST) -> SyntaxError:
        return SyntaxError(f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)!r} is outside the part of Python")

    def on_expr(self, statement: ast.Expr) -> None:
        if isinstance(statement.value, ast.Call):
            self.call(statement.value)
        elif not isinstance(statement.value, ast.Constant):  # a docstring says nothing to the processor
            raise self.refused(statement)

    def on_assign(self, statement: ast.Assign) -> None:
        target = statement.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            found = [self.of(element) for element in statement.value.elts]
            for name, (value, kind) in zip(target.elts, found, strict=True):
                self.assign(name, value, kind)
            return
        value, kind = self.of(statement.value)
        self.assign(target, value, kind)

    def on_augassign(self, statement: ast.AugAssign) -> None:
        left = ast.copy_location(_as_read(statement.target), statement)
        value, kind = self.of(ast.copy_location(ast.BinOp(left, statement.op, statement.value), statement))
        self.assign(statement.target, value, kind)

    def assign(self, target: ast.expr, value: str, kind: str) -> None:
        if isinstance(target, ast.Subscript):
            self.write_entry(target, value, kind)
            return
        if not isinstance(target, ast.Name):
            raise self.refused(target)
        if kind in ADDRESSES:  # an array made here, or another name of one
            known = self.kinds.get(target.id)
            if known is None:
                self.kinds[target.id] = kind
                self.places.append(f"  %{target.id} = alloca ptr")
            self.raw(f"  store ptr {value}, ptr %{target.id}")
            return
        if target.id not in self.kinds:
            self.place(target.id, self.known.get(target.id, kind))
        mine = self.kinds[target.id]
        if mine in _RANKS and kind in _RANKS and _RANKS.index(kind) > _RANKS.index(mine):
            raise _WiderError(target.id, kind)
        self.write(target.id, self.converted(value, kind, mine))

    def write_entry(self, target: ast.Subscript, value: str, kind: str) -> None:
        address, plural = self.entry(target)
        value = self.converted(value, kind, ADDRESSES[plural])
        if plural == "bytes":
            value = self.value(f"trunc i64 {value} to i8")
        elif plural == "reals" and not self.target.is_double:
            value = self.value(f"fptrunc double {value} to float")
        self.raw(f"  store {self.element(plural)} {value}, ptr {address}{self.aligned(plural)}")

    def element(self, plural: str) -> str:
        words = {"bytes": "i8", "reals": self.target.element, "vectors": self.target.vector}
        return words.get(plural) or self.target.llvm(ADDRESSES[plural])

    def aligned(self, plural: str) -> str:
        return f", align {self.target.alignment}" if plural == "vectors" else ""

    def entry(self, node: ast.Subscript) -> tuple[str, str]:
        base, plural = self.of(node.value)
        if plural not in ADDRESSES:
            raise self.refused(node)
        place, kind = self.of(node.slice)
        if kind != "int":
            raise self.refused(node)
        return self.value(f"getelementptr {self.element(plural)}, ptr {base}, i64 {place}"), plural

    def on_if(self, statement: ast.If) -> None:
        then, other, end = self.label("then"), self.label("else"), self.label("end")
        self.branch(statement.test, then, other)
        self.raw(f"{then}:")
        self.block(statement.body)
        self.raw(f"  br label %{end}")
        self.raw(f"{other}:")
        self.block(statement.orelse)
        self.raw(f"  br label %{end}")
        self.raw(f"{end}:")

    def branch(self, test: ast.expr, then: str, other: str) -> None:
        """Go to one of two labels; what is right of ``and`` and ``or`` is looked at only when it matters."""
        if isinstance(test, ast.BoolOp):
            for part in test.values[:-1]:
                on = self.label("on")
                if isinstance(test.op, ast.And):
                    self.branch(part, on, other)
                else:
                    self.branch(part, then, on)
                self.raw(f"{on}:")
            self.branch(test.values[-1], then, other)
        elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            self.branch(test.operand, other, then)
        else:
            value, kind = self.of(test)
            self.raw(f"  br i1 {self.converted(value, kind, 'bool')}, label %{then}, label %{other}")

    def on_while(self, statement: ast.While) -> None:
        head, body, end = self.label("while"), self.label("body"), self.label("end")
        self.raw(f"  br label %{head}")
        self.raw(f"{head}:")
        self.branch(statement.test, body, end)
        self.raw(f"{body}:")
        self.loops.append((head, end))
        self.block(statement.body)
        self.loops.pop()
        self.raw(f"  br label %{head}")
        self.raw(f"{end}:")

    def on_for(self, statement: ast.For) -> None:
        bounds = statement.iter
        if not (isinstance(bounds, ast.Call) and isinstance(bounds.func, ast.Name) and bounds.func.id == "range"):
            raise self.refused(statement)
        first = bounds.args[0] if len(bounds.args) > 1 else ast.Constant(0)
        start, _ = self.of(first)
        stop, _ = self.of(bounds.args[-1])
        if not isinstance(statement.target, ast.Name):
            raise self.refused(statement)
        name = statement.target.id
        if name not in self.kinds:
            self.place(name, "int")
        head, body, again, end = self.label("for"), self.label("body"), self.label("next"), self.label("end")
        counter = self.value("add i64 0, " + start)
        before = self.label("before")
        self.raw(f"  br label %{before}")
        self.raw(f"{before}:")
        self.raw(f"  br label %{head}")
        self.raw(f"{head}:")
        current, following = self.label("%i"), self.label("%i")
        self.raw(f"  {current} = phi i64 [ {counter}, %{before} ], [ {following}, %{again} ]")
        self.raw(f"  br i1 {self.value(f'icmp slt i64 {current}, {stop}')}, label %{body}, label %{end}")
        self.raw(f"{body}:")
        self.write(name, current)
        self.loops.append((again, end))
        self.block(statement.body)
        self.loops.pop()
        self.raw(f"  br label %{again}")
        self.raw(f"{again}:")
        self.raw(f"  {following} = add i64 {current}, 1")
        self.raw(f"  br label %{head}")
        self.raw(f"{end}:")

    def leave(self, label: str) -> None:
        self.raw(f"  br label %{label}")
        self.raw(f"{self.label('after')}:")  # nothing reaches what follows, but LLVM wants a block there

    def on_break(self, _: ast.Break) -> None:
        self.leave(self.loops[-1][1])

    def on_continue(self, _: ast.Continue) -> None:
        self.leave(self.loops[-1][0])

    def on_return(self, statement: ast.Return) -> None:
        if statement.value is None:
            self.raw("  ret void")
        else:
            value, kind = self.of(statement.value)
            gives = self.signature.gives
            self.raw(f"  ret {self.target.llvm(gives)} {self.converted(value, kind, gives)}")
        self.raw(f"{self.label('after')}:")

    # expressions: each gives the name of a value, and its kind

    def of(self, node: ast.expr) -> tuple[str, str]:
        if isinstance(node, ast.Constant):
            return self.of_number(node.value)
        if isinstance(node, ast.Name):
            return self.of_name(node)
        if isinstance(node, ast.Subscript):
            return self.of_entry(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self.of_minus(node)
        if isinstance(node, ast.BinOp):
            return self.of_arithmetic(node)
        if isinstance(node, ast.Compare):
            return self.of_comparison(node)
        if isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            return self.of_truth(node)
        if isinstance(node, ast.IfExp):
            return self.of_choice(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("math.inf", "math.nan"):
            return self.of_number(getattr(math, node.attr))
        raise self.refused(node)

    def of_number(self, value: object) -> tuple[str, str]:
        if isinstance(value, bool):
            return str(int(value)), "bool"
        if isinstance(value, int):
            return str(value), "int"
        return double(float(value)), "float"  # pyright: ignore[reportArgumentType]

    def of_name(self, node: ast.Name) -> tuple[str, str]:
        if node.id in self.signature.takes and self.kinds[node.id] in ADDRESSES:
            return f"%arg.{node.id}", self.kinds[node.id]
        if node.id in self.kinds:
            kind = self.kinds[node.id]
            return self.value(f"load {self.target.llvm(kind)}, ptr %{node.id}"), kind
        if node.id in self.numbers:
            return self.of_number(self.numbers[node.id])
        raise self.refused(node)

    def of_entry(self, node: ast.Subscript) -> tuple[str, str]:
        address, plural = self.entry(node)
        value = self.value(f"load {self.element(plural)}, ptr {address}{self.aligned(plural)}")
        if plural == "bytes":
            value = self.value(f"zext i8 {value} to i64")
        elif plural == "reals" and not self.target.is_double:
            value = self.value(f"fpext float {value} to double")
        return value, ADDRESSES[plural]

    def of_minus(self, node: ast.UnaryOp) -> tuple[str, str]:
        if isinstance(node.operand, ast.Constant):
            return self.of_number(-node.operand.value)  # pyright: ignore
        value, kind = self.of(node.operand)
        if kind == "int":
            return self.value(f"sub i64 0, {value}"), kind
        return self.value(f"fneg {self.target.llvm(kind)} {value}"), kind

    def common(self, *found: tuple[str, str]) -> tuple[list[str], str]:
        """Return values as the widest of their kinds."""
        kind = max((kind for _, kind in found), key=_RANKS.index)
        return [self.converted(value, mine, kind) for value, mine in found], kind

    def converted(self, value: str, kind: str, wanted: str) -> str:
        if kind == wanted or (kind in ADDRESSES and wanted in ADDRESSES):
            return value
        if wanted == "int" and kind == "bool":
            return self.value(f"zext i1 {value} to i64")
        if wanted == "bool" and kind == "int":
            return self.value(f"icmp ne i64 {value}, 0")
        if wanted == "vector":
            return self.splat(self.converted(value, kind, "float"))
        if wanted == "float" and kind in ("int", "bool"):
            return self.value(f"sitofp i64 {self.converted(value, kind, 'int')} to double")
        raise SyntaxError(f"a {kind} where a {wanted} is wanted")

    def of_arithmetic(self, node: ast.BinOp) -> tuple[str, str]:
        word = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}.get(type(node.op))
        if word is None:
            raise self.refused(node)
        if word in ("add", "sub"):
            fused = self.of_fused(node, is_sum=word == "add")
            if fused is not None:
                return fused
        (a, b), kind = self.common(self.of(node.left), self.of(node.right))
        if kind == "int" and word != "div":
            return self.value(f"{word} i64 {a}, {b}"), kind
        if kind == "int":
            a, b, kind = self.converted(a, kind, "float"), self.converted(b, kind, "float"), "float"
        return self.value(f"f{word} {self.target.llvm(kind)} {a}, {b}"), kind

    def of_fused(self, node: ast.BinOp, *, is_sum: bool) -> tuple[str, str] | None:
        """Return left ± (x × y) or (x × y) ± right as one operation, None when neither side is a product."""
        for product, other, is_right in ((node.right, node.left, True), (node.left, node.right, False)):
            if not (isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult)):
                continue
            rest = self.of(other)
            (x, y, z), kind = self.common(self.of(product.left), self.of(product.right), rest)
            if kind == "int":
                total = self.value(f"mul i64 {x}, {y}")
                left, right = (z, total) if is_right else (total, z)
                return self.value(f"{'add' if is_sum else 'sub'} i64 {left}, {right}"), kind
            word = self.target.llvm(kind)
            if not is_sum and is_right:
                x = self.value(f"fneg {word} {x}")
            elif not is_sum:
                z = self.value(f"fneg {word} {z}")
            suffix = self.target.suffix if kind == "vector" else "f64"
            return self.value(f"call {word} @llvm.fma.{suffix}({word} {x}, {word} {y}, {word} {z})"), kind
        return None

    def of_comparison(self, node: ast.Compare) -> tuple[str, str]:
        if len(node.ops) != 1:
            raise self.refused(node)
        (a, b), kind = self.common(self.of(node.left), self.of(node.comparators[0]))
        words = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
        word = words[type(node.ops[0])]
        if kind in ("int", "bool"):
            signed = word if word in ("eq", "ne") else f"s{word}"
            return self.value(f"icmp {signed} {self.target.llvm(kind)} {a}, {b}"), "bool"
        # as in Python, whatever is not a number is unlike anything and neither above nor below it
        return (
            self.value(f"fcmp {'u' if word == 'ne' else 'o'}{word} {self.target.llvm(kind)} {a}, {b}"),
            "mask" if kind == "vector" else "bool",
        )

    def of_truth(self, node: ast.expr) -> tuple[str, str]:
        name = self.label("truth")
        self.place(name, "bool")
        then, other, end = self.label("then"), self.label("else"), self.label("end")
        self.branch(node, then, other)
        for label, value in ((then, "1"), (other, "0")):
            self.raw(f"{label}:")
            self.write(name, value)
            self.raw(f"  br label %{end}")
        self.raw(f"{end}:")
        return self.value(f"load i1, ptr %{name}"), "bool"

    def of_choice(self, node: ast.IfExp) -> tuple[str, str]:
        test, test_kind = self.of(node.test)
        if test_kind == "mask":
            a, b = (self.converted(*self.of(part), "vector") for part in (node.body, node.orelse))
            return self.select(test, a, b), "vector"
        # one of the two may read beyond an array, so only the chosen one is looked at
        name = self.label("choice")
        then, other, end = self.label("then"), self.label("else"), self.label("end")
        self.raw(f"  br i1 {self.converted(test, test_kind, 'bool')}, label %{then}, label %{other}")
        self.raw(f"{then}:")
        value, kind = self.of(node.body)
        self.place(name, kind)
        self.write(name, value)
        self.raw(f"  br label %{end}")
        self.raw(f"{other}:")
        value, other_kind = self.of(node.orelse)
        self.write(name, self.converted(value, other_kind, kind))
        self.raw(f"  br label %{end}")
        self.raw(f"{end}:")
        return self.value(f"load {self.target.llvm(kind)}, ptr %{name}"), kind

    # calls

    def call(self, node: ast.Call) -> tuple[str, str]:
        name = ast.unparse(node.func)
        if name in self.functions:
            return self.call_of_ours(name, node)
        if name in ADDRESSES:
            return self.new_array(name, node)
        if name == "take":
            counter, _ = self.of(node.args[0])
            amount, _ = self.of(node.args[1])
            return self.value(f"atomicrmw add ptr {counter}, i64 {amount} monotonic"), "int"
        found = [self.of(argument) for argument in node.args]
        if name in ("min", "max"):
            (a, b), kind = self.common(*found)
            return self.extreme(name, a, b, kind), kind
        (value, kind) = found[0]
        if name == "float":
            return self.converted(value, kind, "float"), "float"
        word, suffix = self.target.llvm(kind), self.target.suffix if kind == "vector" else "f64"
        if name in ("abs", "math.sqrt"):
            function = {"abs": "fabs", "math.sqrt": "sqrt"}[name]
            return self.value(f"call {word} @llvm.{function}.{suffix}({word} {value})"), kind
        if name == "math.isfinite" and kind == "float":
            size = self.value(f"call double @llvm.fabs.f64(double {value})")
            return self.value(f"fcmp olt double {size}, {double(float('inf'))}"), "bool"
        raise self.refused(node)

    def extreme(self, name: str, a: str, b: str, kind: str) -> str:
        """Return Python's ``min`` or ``max``: the first where the second is not beyond it."""
        word = self.target.llvm(kind)
        beyond = "lt" if name == "min" else "gt"
        if kind == "int":
            test = self.value(f"icmp s{beyond} i64 {b}, {a}")
        else:
            test = self.value(f"fcmp o{beyond} {word} {b}, {a}")
        if kind == "vector":
            return self.select(test, b, a)
        return self.value(f"select i1 {test}, {word} {b}, {word} {a}")

    def new_array(self, name: str, node: ast.Call) -> tuple[str, str]:
        size = self.size(node.args[0])
        self._count += 1
        made = f"%array{self._count}"
        self.places.append(f"  {made} = alloca [{max(size, 1)} x {self.element(name)}], align 64")
        return made, name

    def size(self, node: ast.expr) -> int:
        """Return the length of an array: a whole number, a name of one, or a product."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return self.size(node.left) * self.size(node.right)
        found = self.numbers.get(node.id) if isinstance(node, ast.Name) else getattr(node, "value", None)
        if not isinstance(found, int):
            raise self.refused(node)
        return found

    def call_of_ours(self, name: str, node: ast.Call) -> tuple[str, str]:
        signature = self.functions[name]
        arguments = []
        for wanted, argument in zip(signature.takes.values(), node.args, strict=True):
            value, kind = self.of(argument)
            arguments.append(f"{self.target.llvm(wanted)} {self.converted(value, kind, wanted)}")
        text = f"call {self.target.llvm(signature.gives)} @{name}({', '.join(arguments)})"
        if not signature.gives:
            self.raw("  " + text)
            return "", ""
        return self.value(text), signature.gives


def _as_read(node: ast.expr) -> ast.expr:
    """Return a target of an assignment as the expression that reads it."""
    read = ast.parse(ast.unparse(node), mode="eval").body
    return ast.copy_location(read, node)
