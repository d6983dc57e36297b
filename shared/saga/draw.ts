/** A definition as a picture: Mermaid's flowchart, with the way forward down and the way back beside it. */
import type { DefinitionData, StepData } from './definition-data.ts'

/** Words for a duration: `30 s`, `2 h`, `3 d`. */
function spanText(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const
  const [unitMs, unit] = units.find(([size]) => ms >= size && ms % size === 0) ?? [1, 'ms']
  return `${ms / unitMs} ${unit}`
}

function wordsOf(step: StepData): string {
  switch (step.type) {
    case 'command':
      return step.command
    case 'local':
      return 'computed'
    case 'sleep':
      return step.durationMs === null ? 'until a time' : `sleeps ${spanText(step.durationMs)}`
    case 'signal':
      return `waits for ${step.signal}${step.deadlineMs === null ? '' : `, at most ${spanText(step.deadlineMs)}`}`
  }
}

/** The shape of a step's box: a pivot stands out, what sends nothing is rounded. */
function boxOf(step: StepData): string {
  const text = `"<b>${step.name}</b><br/>${wordsOf(step)}"`
  if (step.kind === 'pivot') return `{{${text}}}`
  return step.type === 'command' ? `[${text}]` : `([${text}])`
}

const id = (index: number): string => `s${index}`

/** A flowchart in Mermaid's language: solid arrows forward, dashed ones back through the undos. */
export function mermaidOf({ steps }: DefinitionData): string {
  const lines = ['flowchart TD', '  start((start))']
  let from = 'start'
  steps.forEach((step, index) => {
    lines.push(`  ${id(index)}${boxOf(step)}`, `  ${from} --${step.conditional ? ' if --' : ''}> ${id(index)}`)
    from = id(index)
  })
  lines.push('  done(((completed)))', `  ${from} --> done`, ...wayBack(steps))
  return `${lines.join('\n')}\n`
}

/** The undos, last step first, down to the end; each step before the pivot may turn back, and the pivot when it is rejected. */
function wayBack(steps: readonly StepData[]): string[] {
  const undone = steps.flatMap((step, index) =>
    step.type === 'command' && step.undo ? [{ index, ...step, undo: step.undo }] : [],
  )
  const pivot = steps.findIndex((step) => step.kind === 'pivot')
  if (undone.length === 0 && pivot < 0) return []
  const boxes = undone.map(({ index, name, undo }) => `  u${index}["undo <b>${name}</b><br/>${undo.command}"]`)
  const chain = [...undone.map(({ index }) => `u${index}`).reverse(), 'back']
  const links = chain.slice(1).map((to, i) => `  ${chain[i]} -.-> ${to}`)
  const turns = undone.map(({ index }) => `  ${id(index)} -.-> u${index}`)
  if (pivot >= 0) turns.push(`  ${id(pivot)} -. rejected .-> ${chain[0]}`)
  return [...boxes, '  back(((compensated)))', ...links, ...turns]
}
