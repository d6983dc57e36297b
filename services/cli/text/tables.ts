/** Tables without lines: they read well, and cut well with `awk` where output is not a terminal. */
import Table from 'cli-table3'
import { styled } from './status-text.ts'

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** A table with a head; cells must be plain text already. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[], color: boolean): string {
  const table = new Table({
    head: head.map((text) => styled('dim', text, color)),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) table.push([...row])
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
