"""The cells of NAS-Bench-201 (Dong and Yang 2020): four nodes, an operation on each of six edges, 15,625 in all.

An encoding is six integers, one per edge of `EDGES` in that order, each the place of an operation in `OPERATIONS`.
Node 0 is the input and node 3 the output; a node is the sum of the operations on the edges that lead to it.
NAS-Bench-201 writes a cell as `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`, which `to_string` and `from_string` do, by name.
"""

import itertools
import operator
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from heterodox.errors import UserError

# The paper's order. NAS-Bench-201 has its own (none, skip, 1x1, 3x3, pool): operations are told apart by name only.
OPERATIONS = ("nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3", "none", "skip_connect")
CONVOLUTION_3X3, CONVOLUTION_1X1, POOLING, ZEROIZE, SKIP = range(5)
CONVOLUTIONS = (CONVOLUTION_3X3, CONVOLUTION_1X1)
SHORT_NAMES = {CONVOLUTION_3X3: "3x3", CONVOLUTION_1X1: "1x1"}
# (to, from), grouped by the node that an edge leads to
EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
OUTPUT = 3

Encoding = tuple[int, ...]
# A node as the sum of what reaches it: how often each term occurs. A term is the input, "0", or an operation on a sum.
Sum = tuple[tuple["Term", int], ...]
Term = tuple[object, ...]
INPUT: Term = ("0",)


def checked(encoding: Sequence[int]) -> Encoding:
    """Return `encoding` as six plain integers 0..4; UserError, which shows it, where it is something else."""
    try:
        values = tuple(operator.index(value) for value in encoding)  # NumPy's integers too, but no fractions
    except TypeError:
        values = ()
    if len(values) != len(EDGES) or not set(values) <= set(range(len(OPERATIONS))):
        shown = ", ".join(map(str, encoding))
        raise UserError(f"cell ({shown}): an encoding is six integers 0..4, one per edge; correct it")
    return values


def all_encodings() -> Iterator[Encoding]:
    """Yield the 15,625 encodings in lexicographic order."""
    return itertools.product(range(len(OPERATIONS)), repeat=len(EDGES))


def to_string(encoding: Sequence[int]) -> str:
    """Return the cell as NAS-Bench-201 writes it: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`."""
    operations = dict(zip(EDGES, checked(encoding), strict=True))
    nodes = (
        "|" + "".join(f"{OPERATIONS[operations[node, source]]}~{source}|" for source in range(node))
        for node in range(1, OUTPUT + 1)
    )
    return "+".join(nodes)


def from_string(text: str) -> Encoding:
    """Return the encoding of a cell that is written as NAS-Bench-201 does; UserError where it is not."""
    nodes = [re.findall(r"([^|~]+)~(\d+)\|", node) for node in text.split("+")]
    sources = [tuple(int(source) for _, source in node) for node in nodes]
    names = [name for node in nodes for name, _ in node]
    if sources == [(0,), (0, 1), (0, 1, 2)] and set(names) <= set(OPERATIONS):
        encoding = tuple(map(OPERATIONS.index, names))
        if to_string(encoding) == text:
            return encoding
    raise UserError(
        f"cell '{text}': write |op~0|+|op~0|op~1|+|op~0|op~1|op~2| with operations from {', '.join(OPERATIONS)}"
    )


def unique_string(encoding: Sequence[int]) -> str:
    """Return the text by which NAS-Bench-201 counts 6,466 topologies.

    Skips vanish, terms are sorted, and a zeroized edge, or an operation on such an edge alone, is a term `#` that stays
    in its sum. It neither drops zeros nor tells one convolution used twice from two; `canonical` does both.
    """
    nodes = ["x"]
    operations = dict(zip(EDGES, checked(encoding), strict=True))
    for node in range(1, OUTPUT + 1):
        terms = (_unique_term(operations[node, source], nodes[source]) for source in range(node))
        nodes.append("+".join(sorted(terms)))
    return nodes[OUTPUT]


def _unique_term(operation: int, source: str) -> str:
    if operation == ZEROIZE or source == "#":
        return "#"
    return source if operation == SKIP else f"({source})@{OPERATIONS[operation]}"


def is_connected(encoding: Sequence[int]) -> bool:
    """Say whether a path without a zeroized edge leads from the input to the output."""
    return bool(used_edges(encoding))


def used_edges(encoding: Sequence[int]) -> tuple[int, ...]:
    """Return the places, in `EDGES`, of the edges that lie on a path from input to output without a zeroized edge."""
    kept = [place for place, operation in enumerate(checked(encoding)) if operation != ZEROIZE]
    reached = {0}
    for place in kept:  # rising order of the target, so one pass is enough
        target, source = EDGES[place]
        reached |= {target} if source in reached else set()
    needed = {OUTPUT}
    for place in reversed(kept):
        target, source = EDGES[place]
        needed |= {source} if target in needed else set()
    return tuple(place for place in kept if EDGES[place][1] in reached and EDGES[place][0] in needed)


def canonical(encoding: Sequence[int]) -> str:
    """Return a text that two cells share if, and only if, they are the same function of input and weights.

    The output is written as a sum of terms. Zeros vanish, and with them a convolution of nothing, which is not built
    (it could give no more than batch norm's offset), skips are transparent, and a pooled sum
    is the sum of its pooled terms. Convolutions keep their identity, as each has its own weights: twice one
    convolution (`2 3x3a(x)`) differs from the sum of two (`3x3a(x)+3x3b(x)`). Weights are named in the order that
    makes the text least. A disconnected cell is `0`. Equality is that of real numbers; rounding may differ.
    """
    return _canonical(checked(encoding))


@cache
def _canonical(encoding: Encoding) -> str:
    nodes: list[Counter[Term]] = [Counter([INPUT])]
    operations = dict(enumerate(encoding))
    for node in range(1, OUTPUT + 1):
        total: Counter[Term] = Counter()
        for place, (target, source) in enumerate(EDGES):
            if target == node:
                total.update(_applied(operations[place], place, nodes[source]))
        nodes.append(total)
    output = _sum(nodes[OUTPUT])
    places = _convolutions_of(output)
    return min(_text(output, names) for names in _namings(output, places)) if output else "0"


def _applied(operation: int, place: int, source: Counter[Term]) -> Counter[Term]:
    """Return the terms of an operation on a sum; `place` stands for the weights of this edge."""
    if operation == ZEROIZE or not source:
        return Counter()
    if operation == SKIP:
        return source
    if operation == POOLING:
        return Counter({("pool", term): count for term, count in source.items()})
    return Counter({(SHORT_NAMES[operation], place, _sum(source)): 1})


def _sum(terms: Counter[Term]) -> Sum:
    return tuple(terms.items())


def _convolutions_of(total: Sum) -> dict[int, str]:
    """Return the convolutions in a sum: the edge that each stands on, and its text while weights have no names."""
    found: dict[int, str] = {}
    for term, _ in total:
        while term[0] == "pool":
            term = term[1]  # type: ignore[assignment]
        if term != INPUT:
            _, place, argument = term
            found[place] = _term_text(term, {})  # type: ignore[index]
            found |= _convolutions_of(argument)  # type: ignore[arg-type]
    return found


def _namings(output: Sum, places: dict[int, str]) -> Iterator[dict[int, int]]:
    """Yield the ways to number the convolutions; only those that look alike while unnamed can change places."""
    groups = [[place for place in places if places[place] == text] for text in sorted(set(places.values()))]
    for orders in itertools.product(*map(itertools.permutations, groups)):
        yield {place: number for number, place in enumerate(itertools.chain.from_iterable(orders))}


def _text(total: Sum, names: dict[int, int]) -> str:
    return "+".join(sorted((f"{count} " if count > 1 else "") + _term_text(term, names) for term, count in total))


def _term_text(term: Term, names: dict[int, int]) -> str:
    if term == INPUT:
        return "x"
    if term[0] == "pool":
        return f"pool({_term_text(term[1], names)})"  # type: ignore[arg-type]
    operation, place, argument = term
    name = chr(ord("a") + names[place]) if names else ""  # type: ignore[index]
    return f"{operation}{name}({_text(argument, names)})"  # type: ignore[arg-type]


def representative(encoding: Sequence[int]) -> Encoding:
    """Return of all cells with the same canonical form the one with most zeroized edges, the first if several."""
    return _representatives()[canonical(encoding)]


@cache
def _representatives() -> dict[str, Encoding]:
    found: dict[str, Encoding] = {}
    for encoding in sorted(all_encodings(), key=lambda each: -each.count(ZEROIZE)):  # stable, so the first stays first
        found.setdefault(_canonical(encoding), encoding)
    return found


def operation_counts(encoding: Sequence[int]) -> dict[str, int]:
    """Return how many of the six edges carry each operation, by name."""
    values = checked(encoding)
    return {name: values.count(place) for place, name in enumerate(OPERATIONS)}
