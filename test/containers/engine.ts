/**
 * Whether the tests of this folder can run; where not, their names say why.
 */
import { chooseServers, engineTrouble } from '@curfew/test-kit'

/** Undefined when containers can be started and are wanted. */
export const whySkipped: string | undefined =
  (await chooseServers()) === 'containers'
    ? undefined
    : `skipped: ${(await engineTrouble()) ?? 'CURFEW_TEST_SERVERS=processes'}`

if (whySkipped !== undefined) console.info(`the tests of images and of the compose file are ${whySkipped}`)
