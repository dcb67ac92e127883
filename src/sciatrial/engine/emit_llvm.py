"""Graph → LLVM text: the kernels of one model as straight-line vector code, and the driver that calls them.

The order of the lines matters for speed. A patient group's arrays just fit the fastest cache, so values are computed
where they are first needed, and entries that have not been used for a while are read again rather than kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sciatrial.engine import lanes, rosenbrock
from sciatrial.engine.jacobian import Elimination, differentiate, eliminate
from sciatrial.engine.lower import ADDRESSES, Lines, Signature, Target, function_text, source_of
from sciatrial.engine.trace import Graph, Traces, constants_of

_KERNELS = {
    "fill_constants": Signature({"p": "vectors", "c": "vectors"}),
    "factorise": Signature({"y": "vectors", "c": "vectors", "d": "vector", "a": "vectors", "u": "vectors"}),
    "stage": Signature({"y": "vectors", "c": "vectors", "a": "vectors", "u": "vectors"}),
    "outputs": Signature({"y": "vectors", "c": "vectors", "o": "vectors"}),
}
_FUNCTIONS = (
    (lanes.linearise, lanes.LINEARISE),
    (rosenbrock.step, lanes.STEP),
    (lanes.advance, lanes.ADVANCE),
    (lanes.drive, lanes.DRIVE),
)
for _function_of_ours, _ in _FUNCTIONS:
    source_of(_function_of_ours)  # now, while the files are those that this process was started from
_LINES_KEPT = 60  # after so many lines without use, reading an entry again is cheaper than having kept it
_FLUSH = 0x8040  # the two bits that make an x86 processor take tiny numbers for 0


@dataclass(frozen=True)
class Sizes:
    """Lengths of one patient's arrays."""

    states: int
    parameters: int
    constants: int
    entries: int
    outputs: int


@dataclass(frozen=True)
class Module:
    """LLVM text of one model on one target."""

    text: str
    sizes: Sizes


def emit_llvm(traces: Traces, n_parameters: int, target: Target) -> Module:
    """Write everything that simulates a model on a target as one LLVM module, whose entry is ``simulate``."""
    graph = traces.graph
    jacobian = differentiate(graph, traces.rates)
    plan = eliminate(len(traces.rates), set(jacobian))
    constants = constants_of(graph, [*traces.rates, *jacobian.values(), *traces.outputs])
    sizes = Sizes(len(traces.rates), n_parameters, len(constants), len(plan.places), len(traces.outputs))
    writer = _Writer(graph, constants, traces.rates, plan, target)
    entries = {plan.places[entry]: graph.negate(node) for entry, node in jacobian.items()}
    parts = [
        _head(target),
        writer.formulas("fill_constants", "%c", {place: node for node, place in constants.items()}, known={}),
        writer.factorise(entries),
        writer.stage(),
        writer.formulas("outputs", "%o", dict(enumerate(traces.outputs)), known=constants),
        *_plain_functions(sizes, target),
    ]
    return Module("\n\n".join(parts) + "\n", sizes)


def _head(target: Target) -> str:
    lines = [f'target triple = "{target.triple}"'] if target.triple else []
    words = sorted({(target.suffix, target.vector), ("f64", "double")})
    for word, count in (("fma", 3), ("sqrt", 1), ("fabs", 1)):
        lines += [f"declare {vector} @llvm.{word}.{suffix}({', '.join([vector] * count)})" for suffix, vector in words]
    return "\n".join(lines)


def _plain_functions(sizes: Sizes, target: Target) -> list[str]:
    """Return the driver, the step and what lies between, from their plain functions."""
    known = vars(rosenbrock) | vars(lanes)
    numbers: dict[str, float] = {name: value for name, value in known.items() if isinstance(value, int | float)}
    numbers |= {
        "LANES": target.lanes, "STATES": sizes.states, "PARAMETERS": sizes.parameters, "CONSTANTS": sizes.constants,
        "ENTRIES": sizes.entries, "OUTPUTS": sizes.outputs,
    }  # fmt: skip
    functions = dict(_KERNELS)
    texts = []
    for function, signature in _FUNCTIONS:
        texts.append(function_text(function, signature, target, numbers=numbers, functions=functions))
        functions[function.__name__] = signature
    return [*texts, _entry(target)]


def _entry(target: Target) -> str:
    """Write the function that is called from outside."""
    takes = [(target.llvm(kind), name, kind) for name, kind in lanes.DRIVE.takes.items()]
    arguments = ", ".join(f"{word} %{name}" for word, name, _ in takes)
    call = f"  call void @drive({arguments})"
    if target.is_graphics:
        return _kernel(arguments)
    if target.is_double or not target.is_x86:
        return f"define void @simulate({arguments}) {{\nentry:\n{call}\n  ret void\n}}"
    # in single precision, amounts that have decayed away would cost the processor a hundred times a normal number
    return f"""declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define void @simulate({arguments}) {{
entry:
  %before = alloca i32
  %during = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %before)
  %bits = load i32, ptr %before
  %flushing = or i32 %bits, {_FLUSH}
  store i32 %flushing, ptr %during
  call void @llvm.x86.sse.ldmxcsr(ptr %during)
{call}
  call void @llvm.x86.sse.ldmxcsr(ptr %before)
  ret void
}}"""


def _kernel(arguments: str) -> str:
    """Write the function that every thread of a graphics processor runs, with its own part of the arrays to write on.

    Tiny numbers are kept there: unlike an x86 processor, it takes no longer over them.
    """
    asked = ("ctaid", "ntid", "tid")  # which block this is, threads in a block, which of them this is
    own, moved = arguments, []
    for name, kind, length in (
        ("waiting_day", "double", "most_waiting"),
        ("waiting_effect", "i64", "most_waiting"),
        ("fired", "i64", "n_rules"),
    ):
        moved += [
            f"  %before.{name} = mul i64 %thread, %{length}",
            f"  %own.{name} = getelementptr {kind}, ptr %{name}, i64 %before.{name}",
        ]
        own = own.replace(f"ptr %{name},", f"ptr %own.{name},")
    lines = [
        *(f"declare i32 @llvm.nvvm.read.ptx.sreg.{word}.x()" for word in asked),
        f"\ndefine ptx_kernel void @simulate({arguments}) {{",
        "entry:",
        *(f"  %{word} = call i32 @llvm.nvvm.read.ptx.sreg.{word}.x()" for word in asked),
        "  %blocks.before = mul i32 %ctaid, %ntid",
        "  %place = add i32 %blocks.before, %tid",
        "  %thread = zext i32 %place to i64",
        *moved,
        f"  call void @drive({own})",
        "  ret void",
        "}",
    ]
    return "\n".join(lines)


def _function(name: str, body: Lines) -> str:
    target = body.target
    arguments = ", ".join(
        f"{target.llvm(kind)}{' noalias' if kind in ADDRESSES else ''} %{argument}"
        for argument, kind in _KERNELS[name].takes.items()
    )
    # without the alignment, each value that is put aside would lie across two lines of the cache
    head = f"define internal void @{name}({arguments}) noinline alignstack(64) {{"
    return "\n".join([head, "entry:", *body.lines, "  ret void", "}"])


@dataclass(frozen=True)
class _Writer:
    """What all kernels of one model are written from."""

    graph: Graph
    constants: dict[int, int]
    rates: tuple[int, ...]
    plan: Elimination
    target: Target

    def formulas(self, name: str, address: str, nodes: dict[int, int], known: dict[int, int]) -> str:
        """Write what computes nodes (place in the array at an address → node)."""
        body = Lines(self.target)
        values = _Values(body, self.graph, known, list(nodes.values()))
        for place, node in sorted(nodes.items()):
            body.store(values.of(node), address, place)
        return _function(name, body)

    def factorise(self, entries: dict[int, int]) -> str:
        """Write the factors of the matrix, d on the diagonal minus the Jacobian (place → node), and the first stage.

        Rates and entries are computed where the elimination first reads them, so that few are put aside and read again.
        """
        body = Lines(self.target)
        values = _Values(body, self.graph, self.constants, [*self.rates, *entries.values()])
        cells = {place: cell for cell, place in self.plan.places.items()}

        def first(address: str, place: int) -> str:
            if address == "%u":
                return values.of(self.rates[place])
            row, column = cells[place]
            found = values.of(entries[place]) if place in entries else self.target.constant(0.0)
            return body.arithmetic("fadd", found, "%d") if row == column else found

        memory = _Memory(body, first)
        for step in self.plan.factorise:
            kind, place = step[0], step[1]
            if kind == "invert":
                value = body.arithmetic("fdiv", self.target.constant(1.0), memory.of("%a", place))
            elif kind == "scale":
                value = body.arithmetic("fmul", memory.of("%a", place), memory.of("%a", step[2]))
            else:
                minus = body.negate(memory.of("%a", step[2]))
                value = body.fused(minus, memory.of("%a", step[3]), memory.of("%a", place))
            memory.write("%a", place, value)
        _solve(body, memory, self.plan)
        for place in cells:
            memory.of("%a", place)
        memory.write_back()
        return _function("factorise", body)

    def stage(self) -> str:
        """Write one stage: the rates at y are added to u, and the factorised system is solved for the sum."""
        body = Lines(self.target)
        values = _Values(body, self.graph, self.constants, list(self.rates))
        memory = _Memory(body)

        def add_rate(row: int) -> None:
            memory.write("%u", row, body.arithmetic("fadd", values.of(self.rates[row]), memory.of("%u", row)))

        _solve(body, memory, self.plan, before_row=add_rate)
        memory.write_back()
        return _function("stage", body)


def _solve(body: Lines, memory: _Memory, plan: Elimination, before_row: Callable[[int], None] | None = None) -> None:
    """Write the solution of the factorised system into u."""
    ready: set[int] = set()

    def value(row: int) -> str:
        if row not in ready:
            ready.add(row)
            if before_row is not None:
                before_row(row)
        return memory.of("%u", row)

    for step in (*plan.forward, *plan.backward):
        row = step[1]
        if step[0] == "take":
            other = value(step[3])
            before = value(row)
            minus = body.negate(memory.of("%a", step[2]))
            memory.write("%u", row, body.fused(minus, other, before))
        else:
            memory.write("%u", row, body.arithmetic("fmul", value(row), memory.of("%a", step[2])))


class _Memory:
    """Entries of arrays, kept in registers while they are used and written back when they have not been for a while.

    `first` computes an entry that nothing has been read from or written to yet; without it, all are there already.
    """

    def __init__(self, body: Lines, first: Callable[[str, int], str] | None = None) -> None:
        self.body, self.first = body, first
        self.made: set[tuple[str, int]] = set()
        self.known: dict[tuple[str, int], str] = {}
        self.used: dict[tuple[str, int], int] = {}
        self.changed: set[tuple[str, int]] = set()

    def of(self, address: str, place: int) -> str:
        """Return an entry."""
        self._forget()
        key = (address, place)
        if self.first is not None and key not in self.made:
            self.write(address, place, self.first(address, place))
        elif key not in self.known:
            self.known[key] = self.body.load(address, place)
        self.used[address, place] = len(self.body.lines)
        return self.known[address, place]

    def write(self, address: str, place: int, value: str) -> None:
        """Change an entry."""
        self.made.add((address, place))
        self.known[address, place] = value
        self.used[address, place] = len(self.body.lines)
        self.changed.add((address, place))

    def write_back(self) -> None:
        """Store whatever has changed."""
        for key in sorted(self.changed):
            self.body.store(self.known[key], *key)
        self.changed.clear()

    def _forget(self) -> None:
        oldest = len(self.body.lines) - _LINES_KEPT
        for key in [key for key, line in self.used.items() if line < oldest]:
            if key in self.changed:
                self.body.store(self.known[key], *key)
                self.changed.discard(key)
            del self.known[key], self.used[key]


class _Values:
    """Values of nodes, computed where they are first asked for: what is computed late is not kept long."""

    def __init__(self, body: Lines, graph: Graph, constants: dict[int, int], wanted: list[int]) -> None:
        self.body, self.graph, self.constants = body, graph, constants
        self.fused = _fused(graph, graph.reached(wanted, stop=set(constants)), wanted, set(constants))
        self.known: dict[int, str] = {}

    def of(self, node: int) -> str:
        """Return a node's value, and compute before it what it needs."""
        waiting = [node]
        while waiting:
            index = waiting[-1]
            missing = [read for read in self._reads(index) if read not in self.known]
            if index in self.known or not missing:
                waiting.pop()
                if index not in self.known:
                    self.known[index] = self._computed(index)
            else:
                waiting += reversed(missing)
        return self.known[node]

    def _reads(self, index: int) -> tuple[int, ...]:
        if index in self.constants:
            return ()
        product = self.fused.get(index)
        reads = self.graph.reads(index)
        if product is None:
            return reads
        return (*self.graph.reads(product), *(read for read in reads if read != product))

    def _computed(self, index: int) -> str:
        body, node = self.body, self.graph.nodes[index]
        if index in self.constants:
            return body.load("%c", self.constants[index])
        if node[0] == "constant":
            return body.target.constant(node[1])
        if node[0] in ("state", "parameter"):
            return body.load("%y" if node[0] == "state" else "%p", node[1])
        if index in self.fused:
            return self._fused_value(index, self.fused[index])
        read = [self.known[read] for read in self.graph.reads(index)]
        operations = {"add": "fadd", "subtract": "fsub", "multiply": "fmul"}
        return body.arithmetic(operations[node[0]], *read) if node[0] in operations else getattr(body, node[0])(*read)

    def _fused_value(self, index: int, product: int) -> str:
        kind, left, right = self.graph.nodes[index]
        x, y = (self.known[read] for read in self.graph.reads(product))
        if kind == "add":
            return self.body.fused(x, y, self.known[right if left == product else left])
        if right == product:
            return self.body.fused(self.body.negate(x), y, self.known[left])
        return self.body.fused(x, y, self.body.negate(self.known[right]))


def _fused(graph: Graph, reached: list[int], wanted: list[int], constants: set[int]) -> dict[int, int]:
    """Return each sum or difference that swallows a product used nowhere else → that product."""
    uses: dict[int, int] = {}
    for index in reached:
        for read in graph.reads(index) if index not in constants else ():
            uses[read] = uses.get(read, 0) + 1
    for node in wanted:
        uses[node] = uses.get(node, 0) + 1
    found: dict[int, int] = {}
    for index in reached:
        if index in constants or graph.nodes[index][0] not in ("add", "subtract"):
            continue
        for read in graph.reads(index):
            if graph.nodes[read][0] == "multiply" and uses[read] == 1 and read not in constants:
                found[index] = read
                break
    return found
