/** A folder of schemas, read and written whole. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { JsonSchema } from '../../shared/contracts/json-schema.ts'
import { messageOf } from '../../shared/message/errors.ts'
import { CliFailure } from './failure.ts'

const OURS = /^(?:contracts|sagas)\/[^/]+\.json$/

/** @throws CliFailure when the folder or a file of it cannot be read. */
export async function readSchemaFolder(folder: string): Promise<ReadonlyMap<string, JsonSchema>> {
  const files = new Map<string, JsonSchema>()
  for (const path of await ownFiles(folder)) {
    try {
      files.set(path, JSON.parse(await readFile(join(folder, path), 'utf8')) as JsonSchema)
    } catch (error) {
      throw new CliFailure(2, 'unreadable', { message: `${join(folder, path)}: ${messageOf(error)}` })
    }
  }
  return files
}

/** Writes each file, then removes those of contracts that are no more: whoever is cut short has too many, not too few. */
export async function writeSchemaFolder(folder: string, files: ReadonlyMap<string, JsonSchema>): Promise<void> {
  for (const [path, schema] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), `${JSON.stringify(schema, null, 2)}\n`)
  }
  for (const path of await ownFiles(folder)) if (!files.has(path)) await rm(join(folder, path))
}

async function ownFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, encoding: 'utf8' }).catch((error: unknown) => {
    throw new CliFailure(2, 'unreadable', { message: `${folder}: ${messageOf(error)}` })
  })
  return found.map((path) => path.replaceAll('\\', '/')).filter((path) => OURS.test(path))
}
