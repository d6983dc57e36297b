/** How often each thing came. */
export class Tally {
  readonly counts: Record<string, number> = {}

  add(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by
  }

  addAll(counts: Readonly<Record<string, number>>): void {
    for (const [name, by] of Object.entries(counts)) this.add(name, by)
  }
}
