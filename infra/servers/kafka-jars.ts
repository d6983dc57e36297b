import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './run-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const DOWNLOAD_WITHIN_MS = 300_000

/** The directory with Kafka's jars, fetched through Maven the first time and kept in `.runtime/kafka`. */
export async function kafkaJars(): Promise<string> {
  const libs = join(root, '.runtime', 'kafka', 'libs')
  if (await exists(libs)) return libs
  await mkdir(join(root, '.runtime', 'kafka'), { recursive: true })
  // Fetched beside its place and renamed, so that half a download is never taken for the whole.
  const fetched = `${libs}.${process.pid}`
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fetched}`]
  try {
    await runProgram('mvn', ['-q', '-B', '-f', join(root, 'infra', 'kafka', 'pom.xml'), ...goal], {
      withinMs: DOWNLOAD_WITHIN_MS,
    })
    await rename(fetched, libs)
  } catch (error) {
    await rm(fetched, { recursive: true, force: true })
    if (!(await exists(libs))) throw error
  }
  return libs
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
