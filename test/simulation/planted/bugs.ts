/** All bugs that are planted, by name. Snapshots have theirs here when there are snapshots. */
import type { Bug } from './bug.ts'
import { CORE_BUGS } from './bugs/of-the-core.ts'
import { SHELL_BUGS } from './bugs/of-the-shell.ts'

export const BUGS: readonly Bug[] = [...CORE_BUGS, ...SHELL_BUGS]
