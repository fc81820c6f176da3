/** Stretches of time, and sets of them. Pure. */

/** From start to before end, both in milliseconds since the epoch; end may be Infinity. */
export interface Span {
  start: number;
  end: number;
}

/** What lies in any of them: ascending, none touching the next, none empty. */
export function union(spans: readonly Span[]): Span[] {
  const ordered = spans.filter(({ start, end }) => start < end).toSorted((a, b) => a.start - b.start);
  const joined: Span[] = [];
  for (const { start, end } of ordered) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

/** What lies in one of the first and in none of the second. */
export function without(spans: readonly Span[], holes: readonly Span[]): Span[] {
  const cut = union(holes);
  return union(spans).flatMap((span) => {
    const left: Span[] = [];
    let { start } = span;
    for (const hole of cut) {
      if (hole.end <= start || hole.start >= span.end) continue;
      left.push({ start, end: hole.start });
      start = hole.end;
    }
    return [...left, { start, end: span.end }].filter((piece) => piece.start < piece.end);
  });
}

/** What of them lies within the bounds. */
export function within(spans: readonly Span[], { start, end }: Span): Span[] {
  return spans
    .map((span) => ({ start: Math.max(span.start, start), end: Math.min(span.end, end) }))
    .filter((span) => span.start < span.end);
}

export const holds = (spans: readonly Span[], at: number): boolean =>
  spans.some(({ start, end }) => start <= at && at < end);
