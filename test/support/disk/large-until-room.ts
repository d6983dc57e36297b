/**
 * Appends a large value, which is kept beside the log, while its disk has no room for it, and again once it has. Argument: the
 * folder of the disk. Says as JSON what each append came to, and what is read at the end.
 */
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

const TOPIC = 'large'
/** Room for everyday records, and for no large value. */
const LEFT_BYTES = 600_000
const LARGE_CHARS = 1_500_000
const [folder = ''] = process.argv.slice(2)
const ballast = join(folder, 'ballast')

function fill(): void {
  const file = openSync(ballast, 'w')
  const bytesFree = () => {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  }
  while (bytesFree() > LEFT_BYTES) writeSync(file, Buffer.alloc(Math.min(65_536, bytesFree() - LEFT_BYTES)))
  closeSync(file)
}

const home = await openEmbeddedHome({ directory: join(folder, 'large'), log: noLog })
const { broker } = home
await broker.createTopics([{ name: TOPIC, partitions: 1, retention: 'forever' }])
const append = async (letter: string, chars: number): Promise<string> => {
  const record = { key: 'k', value: JSON.stringify(letter.repeat(chars)), headers: [] }
  const [result] = await broker.append([{ topic: TOPIC, partition: 0, records: [record] }])
  return result?.kind === 'appended' ? 'appended' : `${result?.kind} ${result?.error.code}`
}

const appends = [await append('a', LARGE_CHARS)]
fill()
appends.push(await append('b', LARGE_CHARS), await append('c', 10))
rmSync(ballast)
appends.push(await append('d', LARGE_CHARS))
await home.close()

const again = await openEmbeddedHome({ directory: join(folder, 'large'), log: noLog })
const read: string[] = []
for await (const records of again.broker.read(TOPIC, 0, 0n))
  for (const { value } of records) {
    const text = JSON.parse(Buffer.from(value ?? []).toString())
    read.push(`${text[0]} ${text.length}`)
  }
await again.close()
process.stdout.write(JSON.stringify({ appends, read }))
