/** The forms that this version writes and reads. 0.1.0 wrote the first format of everything, so no step is needed yet. */
import { Upcasts } from './upcast.ts'

export const UPCASTS = new Upcasts({ present: {}, steps: {} })
