/**
 * The folder of the embedded view store. PGlite does not fsync: after `kill -9` what it wrote is still with the
 * operating system, after a loss of power it may be torn without a sign. So a mark lies beside the folder while it is
 * open, with the id of the machine's boot; it goes away on a clean close, after everything was fsynced.
 *
 *   no folder, no mark   new
 *   no mark              closed cleanly
 *   mark of this boot    the process died: Postgres' own recovery opens it
 *   another mark         the machine went down: the folder is not to be trusted, and is built anew from the log
 */
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const markOf = (folder: string) => `${folder}.open`

/** Id of the machine's boot; different at every call where it cannot be told, which is the safe side. */
async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  } catch {
    return `unknown-${process.hrtime.bigint()}`
  }
}

/** Why the folder must not be used, if it must not. */
export async function distrust(folder: string): Promise<string | undefined> {
  if (!existsSync(folder) || !existsSync(markOf(folder))) return undefined
  const mark = await readFile(markOf(folder), 'utf8')
  return mark === (await bootId()) ? undefined : 'the machine went down while it was open'
}

/** Marks the folder as open. */
export async function markOpen(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  await writeFile(markOf(folder), await bootId())
}

/** Makes what was written durable, then takes the mark away. */
export async function markClosed(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = await open(join(entry.parentPath, entry.name), 'r')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }
  await rm(markOf(folder), { force: true })
}

/** Removes the folder and its mark. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await rm(markOf(folder), { force: true })
}
