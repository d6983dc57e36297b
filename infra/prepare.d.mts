/** Whether a Node of this version has what the code needs: types stripped by default, node:sqlite without a flag. */
export function suits(version: string, typescript: string | false | undefined): boolean
