/** What stands in the boxes of a drawn plan. */
import type { CommandData, StepData } from './data-types.ts'

const CHARS_MAX = 80

/** Words for a duration: `30 s`, `2 h`, `3 d`. */
export function spanText(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const
  const [unitMs, unit] = units.find(([size]) => ms >= size && ms % size === 0) ?? [1, 'ms']
  return `${ms / unitMs} ${unit}`
}

/** What the step does, in a line or two. */
export function wordsOf(step: StepData): readonly string[] {
  switch (step.type) {
    case 'command':
      return [step.command]
    case 'child':
      return [`saga ${step.child.definition} v${step.child.version}${step.waits ? '' : ', not waited for'}`]
    case 'lock':
      return [
        `lock ${step.resource}${step.permits > 1 ? `, ${step.permits} at a time` : ''}, waits ${spanText(step.timeoutMs)}`,
      ]
    case 'local':
      return ['computed']
    case 'sleep':
      return [step.durationMs === undefined ? 'until a time' : `sleeps ${spanText(step.durationMs)}`]
    case 'signal':
      return [waitText(step), ...approvalText(step)]
    case 'parallel':
      return [
        step.enough < step.branches.length ? `${step.enough} of ${step.branches.length} are enough` : 'all at once',
      ]
    case 'choose':
      return ['the first that fits']
    case 'attempt':
      return ['one after the other until one is done']
    case 'each':
      return [`each of ${step.items}, ${step.parallelMax} at a time${toleranceText(step)}`]
    case 'repeat':
      return [`at most ${step.roundsMax} rounds, then ${step.atLimit === 'go-on' ? 'goes on' : 'turns back'}`]
  }
}

type Wait = Extract<StepData, { readonly type: 'signal' }>

function waitText({ signal, deadlineMs, onDeadline }: Wait): string {
  if (deadlineMs === undefined) return `waits for ${signal}`
  return `waits for ${signal}, at most ${spanText(deadlineMs)}, then ${onDeadline === 'go-on' ? 'goes on' : 'turns back'}`
}

function approvalText({ approval }: Wait): readonly string[] {
  if (!approval) return []
  const answers = approval.answers.map(
    (answer) => `${answer}${approval.turnBackOn.includes(answer) ? ' (turns back)' : ''}`,
  )
  return [`approval by ${approval.roles.join(' or ')}`, answers.join(' / ')]
}

function toleranceText({ tolerated }: Extract<StepData, { readonly type: 'each' }>): string {
  if ('share' in tolerated) return tolerated.share === 0 ? '' : `, ${Math.round(tolerated.share * 100)} % may fail`
  return tolerated.count === 0 ? '' : `, ${tolerated.count} may fail`
}

/** Text as Mermaid takes it between double quotes. */
export function quoted(lines: readonly string[]): string {
  return `"${lines.join('<br/>')}"`
}

/** Text that says nothing to Mermaid, cut where it is long. */
export function plainText(text: string): string {
  const cut = text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX - 1)}…` : text
  return cut.replace(/\s+/g, ' ').replace(/[^\p{L}\p{N} _.,:;@%()[\]/+…-]/gu, (c) => `#${c.codePointAt(0)};`)
}

/** Name, words, and whether it has a condition. */
export function labelOf(step: StepData): string {
  const condition = step.when === undefined ? [] : ['on a condition']
  return quoted([`<b>${plainText(step.name)}</b>`, ...[...wordsOf(step), ...condition].map(plainText)])
}

/** A step's box: a pivot stands out, an approval is a person's, a child is framed twice, what sends nothing is rounded. */
export function boxOf(step: StepData): string {
  const label = labelOf(step)
  if (step.kind === 'pivot') return `{{${label}}}`
  if (step.type === 'child') return `[[${label}]]`
  if (step.type === 'signal' && step.approval) return `[/${label}\\]`
  return step.type === 'command' ? `[${label}]` : `([${label}])`
}

/** The box of a step's undo; `undefined`: nothing undoes it. */
export function undoBoxOf(step: StepData): string | undefined {
  if (step.type !== 'command' && step.type !== 'child') return undefined
  const undo: CommandData | undefined = step.undo
  const title = `undo <b>${plainText(step.name)}</b>`
  if (undo) return `[${quoted([title, plainText(undo.command)])}]`
  const byHand = step.type === 'command' ? step.byHand : undefined
  return byHand === undefined ? undefined : `[/${quoted([`${title} by hand`, plainText(byHand)])}\\]`
}

/** How many of the steps before must be done, where it is not all of them. */
export function needsText({ after, needs }: StepData): string {
  if (needs >= after.length) return ''
  return needs === 1 ? 'any' : `${needs} of ${after.length}`
}
