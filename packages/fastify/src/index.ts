export { curfewFastify } from './plugin.ts'
export type { CurfewFastifyOptions, Guard, GuardOptions } from './plugin.ts'
export { bearerToken } from './bearer.ts'
