/** A data folder for one run: removed at its end, and by the next run when this one was killed. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const NAME = /^kasaga-demo-(\d+)-/

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Removes what killed runs have left behind in the folder `parent`. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

/** Makes the folder in `parent`, named for the process that owns it. */
export function scratchFolder(parent: string, id: string): { readonly path: string; remove(): void } {
  sweep(parent)
  const path = join(parent, `kasaga-demo-${process.pid}-${id}`)
  mkdirSync(path, { recursive: true })
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
