/** Dead letters that a person mends: what would become of them, and putting a mended copy back. */
import type { z } from 'zod'
import {
  EditAnswer,
  type LetterEdit as EditBody,
  EditLetterBody,
  LetterParams,
  LetterValidation,
  ValidateBody,
} from '../../../shared/client/dead-letter-api.ts'
import { Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import type { LetterEdit } from '../../../shared/message/letter-edit.ts'
import type { App, Parts } from '../app.ts'
import { editLetter, validateLetter } from '../dead-letters/edit-letter.ts'
import { ANONYMOUS } from './act-routes.ts'

const ABOUT_ONE = { tags: ['dead letters'], params: LetterParams }

/** Adds `POST /v1/dead-letters/:id/validate` and `/edit`. */
export function letterEditRoutes(app: App, parts: Parts): void {
  app.post(
    '/v1/dead-letters/:id/validate',
    {
      schema: {
        ...ABOUT_ONE,
        summary: 'Say what would become of a dead letter if it were put back, as it is or mended; nothing is written',
        body: ValidateBody,
        response: { 200: LetterValidation, 400: ProblemSchema, 404: ProblemSchema, 409: ProblemSchema },
      },
    },
    async ({ params: { id }, body: { edit } }) => validateLetter(parts, id, editOf(edit)),
  )
  app.post(
    '/v1/dead-letters/:id/edit',
    {
      schema: {
        ...ABOUT_ONE,
        summary: 'Put a mended copy of a dead letter to where it came from, if it would be taken',
        description: 'The letter stays as it is; a note behind it says who did, why, and what was changed.',
        body: EditLetterBody,
        response: {
          200: EditAnswer,
          400: ProblemSchema,
          404: ProblemSchema,
          409: ProblemSchema,
          422: ProblemSchema,
          503: ProblemSchema,
        },
      },
    },
    async ({ params: { id }, body: { edit, reason, actor = ANONYMOUS, identity, force } }) =>
      editLetter(parts, { id, edit: editOf(edit), reason, actor, identity, force, at: parts.clock.now() }),
  )
}

function editOf({ key, value, headers }: z.infer<typeof EditBody> = {}): LetterEdit {
  return { key, headers, ...(value !== undefined && { value: JSON.stringify(value) }) }
}
