/** Bulk acts over HTTP. */
import type { z } from 'zod'
import { type BulkAct, BulkAnswer, type BulkBody, BulkList, BulkPreview } from './bulk-api.ts'
import type { ActCall, Call, Change } from './http-calls.ts'
import { query } from './http-calls.ts'
import type { SagaFilterBody } from './saga-filter.ts'

export type BulkCall = Omit<z.input<typeof BulkBody>, 'actor'> & ActCall

export interface BulkCalls {
  /** What a bulk act would be asked of, as the sagas stand now; nothing is asked. */
  bulkPreview(call: { readonly act: BulkAct; readonly filter: SagaFilterBody }): Promise<BulkPreview>
  /** Asks one act of every saga that the filter finds, so many a second. Under the same request id it is one bulk act. */
  bulk(call: BulkCall): Promise<BulkAnswer>
  bulks(page?: { readonly limit?: number }): Promise<BulkList>
  bulkShow(id: string): Promise<BulkAnswer>
  /** What has not been asked yet is not asked any more. */
  bulkAbort(id: string, call: ActCall): Promise<BulkAnswer>
}

const given = (requestId: string | undefined) => (requestId === undefined ? {} : { requestId })

export function bulkCalls(call: Call, change: Change): BulkCalls {
  return {
    bulkPreview: ({ act, filter }) => change('/v1/bulk/preview', BulkPreview, { body: { act, filter } }),
    bulk: ({ requestId, ...body }) => change('/v1/bulk', BulkAnswer, { body, ...given(requestId) }),
    bulks: (page = {}) => call(`/v1/bulk${query(page)}`, BulkList),
    bulkShow: (id) => call(`/v1/bulk/${encodeURIComponent(id)}`, BulkAnswer),
    bulkAbort: (id, { requestId, ...body }) =>
      change(`/v1/bulk/${encodeURIComponent(id)}/abort`, BulkAnswer, { body, ...given(requestId) }),
  }
}
