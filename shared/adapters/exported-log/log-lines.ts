/** The file of an exported log: lines in and out, compressed by gzip where its name or its first bytes say so. */
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { messageOf, OperationalError } from '../../message/errors.ts'

/** Lines that are written at once. */
const LINES_BYTES = 256 * 1024
/** More than the largest payload, written as JSON in JSON, can have. */
const LINE_CHARS_MAX = 256 * 1024 * 1024

/**
 * Writes a file whole or not at all: under another name first.
 * @throws OperationalError `file-exists`, `file-unusable`.
 */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const part = `${path}.part`
  await reserve(path)
  try {
    const packed = path.endsWith('.gz') ? [createGzip()] : []
    await pipeline([Readable.from(gathered(lines)), ...packed, createWriteStream(part)])
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    await rm(path, { force: true })
    if (error instanceof OperationalError) throw error
    throw trouble('file-unusable', `${path} cannot be written: ${messageOf(error)}`, error)
  }
}

/** Nobody's file is written over. */
async function reserve(path: string): Promise<void> {
  try {
    await (await open(path, 'wx')).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw trouble('file-exists', `${path} is there already`, error)
    throw trouble('file-unusable', `${path} cannot be written: ${messageOf(error)}`, error)
  }
}

async function* gathered(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let text = ''
  for await (const line of lines) {
    text += `${line}\n`
    if (text.length < LINES_BYTES) continue
    yield text
    text = ''
  }
  yield text
}

/**
 * Reads a file's lines, some at a time.
 * @throws OperationalError `export-unreadable`: it is not there, or what is there is no text, or ends half-way.
 */
export async function* readLines(path: string): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  try {
    for await (const chunk of await bytesOf(path)) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LINE_CHARS_MAX) throw new Error('a line of it is too long')
      if (lines.length > 0) yield lines
    }
    rest += decoder.decode()
  } catch (error) {
    throw trouble('export-unreadable', `${path} cannot be read: ${messageOf(error)}`, error)
  }
  if (rest !== '') yield [rest]
}

async function bytesOf(path: string): Promise<AsyncIterable<unknown>> {
  const file = await open(path)
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
  await file.close()
  const bytes = createReadStream(path, { highWaterMark: LINES_BYTES })
  if (buffer[0] !== 0x1f || buffer[1] !== 0x8b) return bytes
  const unpacked = createGunzip()
  bytes.on('error', (error) => unpacked.destroy(error))
  return bytes.pipe(unpacked)
}

function trouble(code: string, message: string, cause: unknown): OperationalError {
  return new OperationalError(code, message, { where: 'exported-log', retriable: false, cause })
}
