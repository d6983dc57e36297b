/** A whole number from 0 to 9: 9 is first. */
export type Priority = number
/** That of a saga for which nothing is said. */
export const PRIORITY: Priority = 5
export const PRIORITY_MAX: Priority = 9

export function isPriority(value: unknown): value is Priority {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= PRIORITY_MAX
}
