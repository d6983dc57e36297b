/** Which schema registry values are written for, and how. Files are read once, at the start. */
import { readFileSync } from 'node:fs'
import type { Compatibility, RegistrySettings } from '../../shared/adapters/registry/registry-api.ts'
import { messageOf } from '../../shared/message/errors.ts'
import type { ValueFormat } from '../../shared/ports/value-schemas.ts'
import { badSetting, type Environment } from './bad-setting.ts'

export interface RegistryChoice {
  readonly settings: RegistrySettings
  readonly format: ValueFormat
  /** Whether values are written framed; they are read so in any case. */
  readonly write: boolean
}

const FORMATS = ['json', 'avro'] as const
const LEVELS: readonly Compatibility[] = [
  'BACKWARD_TRANSITIVE',
  'BACKWARD',
  'FORWARD_TRANSITIVE',
  'FORWARD',
  'FULL_TRANSITIVE',
  'FULL',
  'NONE',
]

/** `undefined` without KASAGA_REGISTRY_URL. @throws OperationalError `bad-setting` that names the variable and what it should be. */
export function registryFrom(env: Environment): RegistryChoice | undefined {
  const url = env.KASAGA_REGISTRY_URL
  const format = env.KASAGA_REGISTRY_FORMAT ?? 'json'
  const compatibility = env.KASAGA_REGISTRY_COMPATIBILITY ?? 'BACKWARD_TRANSITIVE'
  const register = env.KASAGA_REGISTRY_REGISTER ?? '1'
  const write = env.KASAGA_REGISTRY_WRITE ?? '1'
  if (!isOneOf(FORMATS, format)) throw badSetting('KASAGA_REGISTRY_FORMAT', `is none of ${FORMATS.join(', ')}`)
  if (!isOneOf(LEVELS, compatibility))
    throw badSetting('KASAGA_REGISTRY_COMPATIBILITY', `is none of ${LEVELS.join(', ')}`)
  if (register !== '0' && register !== '1') throw badSetting('KASAGA_REGISTRY_REGISTER', 'is 1 or not set, or 0')
  if (write !== '0' && write !== '1') throw badSetting('KASAGA_REGISTRY_WRITE', 'is 1 or not set, or 0')
  const auth = authFrom(env)
  const caFile = env.KASAGA_REGISTRY_CA_FILE
  if (url === undefined) {
    if (auth || caFile !== undefined)
      throw badSetting('KASAGA_REGISTRY_URL', 'is not set beside a name, password or CA file')
    return undefined
  }
  checkUrl(url)
  const ca = caFile === undefined ? undefined : textOf('KASAGA_REGISTRY_CA_FILE', caFile)
  return { settings: { url, auth, ca, compatibility, register: register === '1' }, format, write: write === '1' }
}

function isOneOf<T extends string>(all: readonly T[], text: string): text is T {
  return (all as readonly string[]).includes(text)
}

/** The URL is told in logs and errors: it may hold no secret. It is not repeated here for the same reason. */
function checkUrl(text: string): void {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) throw badSetting('KASAGA_REGISTRY_URL', 'is not an http or https URL')
  if (url.username !== '' || url.password !== '')
    throw badSetting(
      'KASAGA_REGISTRY_URL',
      'holds a name or password: set KASAGA_REGISTRY_USERNAME and its password instead',
    )
  if (url.search !== '' || url.hash !== '') throw badSetting('KASAGA_REGISTRY_URL', 'has a query or fragment')
}

function authFrom(env: Environment): RegistrySettings['auth'] {
  const username = env.KASAGA_REGISTRY_USERNAME
  const password = passwordFrom(env)
  if (username === undefined && password === undefined) return undefined
  if (username === undefined || username === '')
    throw badSetting('KASAGA_REGISTRY_USERNAME', 'is not set beside a password')
  if (password === undefined || password === '')
    throw badSetting('KASAGA_REGISTRY_PASSWORD_FILE', 'is not set or empty, nor is KASAGA_REGISTRY_PASSWORD set')
  return { username, password }
}

function passwordFrom(env: Environment): string | undefined {
  const file = env.KASAGA_REGISTRY_PASSWORD_FILE
  const password = env.KASAGA_REGISTRY_PASSWORD
  if (file === undefined) return password
  if (password !== undefined)
    throw badSetting('KASAGA_REGISTRY_PASSWORD', 'and KASAGA_REGISTRY_PASSWORD_FILE are both set: keep one')
  // Whatever wrote the file has ended its line.
  return textOf('KASAGA_REGISTRY_PASSWORD_FILE', file).replace(/\r?\n$/, '')
}

function textOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw badSetting(name, `names a file that cannot be read: ${messageOf(cause)}`)
  }
}
