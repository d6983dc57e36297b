/** All bugs that are planted. */
import type { Bug } from './bug.ts'
import { CORE_BUGS } from './bugs/of-the-core.ts'
import { SHELL_BUGS } from './bugs/of-the-shell.ts'

export const BUGS: readonly Bug[] = [...CORE_BUGS, ...SHELL_BUGS]
