/** Locks over HTTP. */
import { FreeLockAnswer, LockAnswer, LockList } from './http-api.ts'
import { type ActCall, type Call, type Change, query } from './http-calls.ts'

export interface LockCalls {
  /** Locks that somebody holds or waits for, by resource. */
  locks(page?: { readonly limit?: number; readonly after?: string }): Promise<LockList>
  lock(resource: string): Promise<LockAnswer>
  /** Takes a lock away from a saga. */
  freeLock(resource: string, call: ActCall & { readonly saga: string }): Promise<FreeLockAnswer>
}

export function lockCalls(call: Call, change: Change): LockCalls {
  return {
    locks: (page = {}) => call(`/v1/locks${query(page)}`, LockList),
    lock: (resource) => call(`/v1/locks/${encodeURIComponent(resource)}`, LockAnswer),
    freeLock: (resource, { requestId, ...body }) =>
      change(`/v1/locks/${encodeURIComponent(resource)}/free`, FreeLockAnswer, {
        body,
        ...(requestId !== undefined && { requestId }),
      }),
  }
}
