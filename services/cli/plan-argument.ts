/** A plan that a command is about: in a file, or one that this program knows. */
import { faultText } from '../../shared/client/definition-file.ts'
import { readShape } from '../../shared/client/definition-shape.ts'
import { messageOf } from '../../shared/message/errors.ts'
