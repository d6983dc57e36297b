/** Which open rows of steps are of something that is still waited for: what turned back has no event of its own that says so. */
import { sql } from 'kysely'

/** The names that steps of a saga's own scope had before, each with the present one. */
export const NAMES = sql`case when g.standing like '{%' then g.standing::jsonb -> 'renamed' end`

/** The part of a path that is inside a step of the saga's own scope. */
export const INSIDE = sql`substr(h.step, length(split_part(h.step, '[', 1)) + 1)`
/** The present name of that step, where it is another one. */
export const RENAMED = sql`${NAMES} ->> split_part(h.step, '[', 1)`

/** Under which name a step goes on, or what is inside it. */
export const PRESENT = sql`coalesce((${RENAMED}) || ${INSIDE}, h.step)`
/**
 * Of a step `h` of the saga `g`: the saga was not killed; on the way forward, neither it nor a scope around the step has
 * turned back; and the step is not parked.
 */
export const STILL_ASKED = sql`
  g.phase <> 'failed'
    and (h.direction = 'compensate' or (g.phase = 'running' and (g.standing not like '{%' or not exists (
      select 1 from jsonb_array_elements_text(g.standing::jsonb -> 'back') as back
      where starts_with(h.step, back || '.')))))
    and (g.standing not like '{%' or not exists (
      select 1 from jsonb_array_elements(g.standing::jsonb -> 'parked') as parked where parked ->> 0 in (h.step, ${PRESENT})))`
