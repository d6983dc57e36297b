/** A text that a person changes in an editor. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CliFailure } from './failure.ts'

/** Opens it in a file of that name, for its owner alone, and takes the file away. */
export async function editedText(
  text: string,
  { name, editor }: { readonly name: string; readonly editor: string },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kasaga-'))
  const file = join(folder, name)
  try {
    await writeFile(file, text, { mode: 0o600 })
    // As git does: an editor may be named with options, as in `code --wait`.
    const child = spawn('/bin/sh', ['-c', `${editor} "$@"`, editor, file], { stdio: 'inherit' })
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0)
      throw new CliFailure(1, 'not-edited', { message: `${editor} ended with ${code ?? 'a signal'}: nothing is done` })
    return await readFile(file, 'utf8')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
