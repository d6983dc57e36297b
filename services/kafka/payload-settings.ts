/** Where large values are kept, and from which size on. */
import { CLAIM_CHECK_BYTES } from '../../shared/message/claim.ts'
import { badSetting, type Environment } from './bad-setting.ts'

export type PayloadPlace =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'postgres' }
  /** Nowhere: every value stands in the log. */
  | { readonly kind: 'none' }
  /** Postgres where there is a database, else nowhere. */
  | { readonly kind: 'unset' }

export interface PayloadSettings {
  readonly place: PayloadPlace
  /** Larger values are kept aside. */
  readonly valueBytesMax: number
}

const BYTES_MIN = 4_096
/** What a broker takes, less what a record has besides its value. */
const BYTES_MAX = 900_000
const FOLDER = 'folder:'

export const PAYLOADS_UNSET: PayloadSettings = { place: { kind: 'unset' }, valueBytesMax: CLAIM_CHECK_BYTES }

/** KASAGA_PAYLOADS and KASAGA_CLAIM_CHECK_BYTES. @throws OperationalError `bad-setting` */
export function payloadsFrom(env: Environment): PayloadSettings {
  const bytes = Number(env.KASAGA_CLAIM_CHECK_BYTES ?? CLAIM_CHECK_BYTES)
  if (!Number.isInteger(bytes) || bytes < BYTES_MIN || bytes > BYTES_MAX)
    throw badSetting('KASAGA_CLAIM_CHECK_BYTES', `is not a number of bytes from ${BYTES_MIN} to ${BYTES_MAX}`)
  return { place: placeOf(env.KASAGA_PAYLOADS), valueBytesMax: bytes }
}

function placeOf(text: string | undefined): PayloadPlace {
  if (text === undefined) return { kind: 'unset' }
  if (text === 'postgres' || text === 'none') return { kind: text }
  const path = text.startsWith(FOLDER) ? text.slice(FOLDER.length) : ''
  if (path === '') throw badSetting('KASAGA_PAYLOADS', 'is none of folder:/path, postgres and none')
  return { kind: 'folder', path }
}
