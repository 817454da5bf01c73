/**
 * `curfew login`: a password becomes a session of an operator, kept in a file of this user.
 * Promise: the password is asked for or piped in, never an argument; the session before it in this profile is ended.
 */
import {
  baseUrl,
  findDevelopmentSystem,
  type Addresses,
  type DevelopmentSystem,
} from '../account/addresses.ts'
import { readProfile, removeProfile, writeProfile, type Profile } from '../account/profiles.ts'
import { TokenAnswer, type Session } from '../api/answers.ts'
import { sendFor } from '../api/http.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { usage } from '../failure.ts'
import { askSecret, askText, canAsk, readPiped } from '../terminal/prompts.ts'
import { safeText } from '../terminal/safe-text.ts'
import { noteChange } from '../terminal/standard-output.ts'
import { subjectArgument, type SubjectArgument } from './arguments.ts'
import type { Perform, Program } from './perform.ts'
import { showSession } from './whoami.ts'

/** Programs get their token in the answer, browsers in a cookie. */
const CLIENT = 'api'

export function addLogin(program: Program, perform: Perform): void {
  program
    .command('login')
    .description('log in as an operator; asks for what it is not told')
    .argument('[account]', 'TENANT/USER', subjectArgument)
    .option('--password-stdin', 'read the password from standard input')
    .action((account, options, command) =>
      perform(command.optsWithGlobals(), (context) => logIn(context, account, options)),
    )
}

async function logIn(
  context: Context,
  asked: SubjectArgument | undefined,
  { passwordStdin }: { readonly passwordStdin?: true | undefined },
): Promise<ExitCode> {
  const { output, profileFile } = context
  if (passwordStdin !== true && !canAsk())
    throw usage('There is no terminal to ask for the password at.', 'Pipe it in: --password-stdin')
  const before = await readProfile(profileFile)
  const development = await findDevelopmentSystem(process.cwd())
  const addresses = addressesFor(context, before, development)
  if (!output.isJson) output.note(`Logging in at ${addresses.gateway}`)

  const account = asked ?? (await askAccount(standardAccount(addresses, before, development), passwordStdin))
  const password = passwordStdin === true ? await readPiped() : await askSecret('Password')
  const { body } = await sendFor(TokenAnswer, {
    method: 'POST',
    base: addresses.gateway,
    path: '/login',
    json: { tenant: account.tenant, username: account.user, password, client: CLIENT },
    // The gateway ends the session that a new one replaces.
    token: before?.gateway === addresses.gateway ? before.token : undefined,
  })
  await writeProfile(profileFile, profileOf(addresses, body))
  noteChange()
  output.answer({ session: body.session, ...addresses }, () => welcome(context, body.session))
  return EXIT.done
}

function addressesFor(
  { settings }: Context,
  before: Profile | undefined,
  development: DevelopmentSystem | undefined,
): Addresses {
  const known = before ?? development
  const server = settings.server ?? known?.server
  const gateway = settings.gateway ?? known?.gateway
  if (server === undefined || gateway === undefined)
    throw usage(
      `Where is Curfew? ${server === undefined ? '--server (the session authority)' : '--gateway (the public face)'} is missing.`,
      'curfew login --server URL --gateway URL, or CURFEW_SERVER and CURFEW_GATEWAY; `npm start` in a checkout is found by itself.',
    )
  return { server: baseUrl(server, settings), gateway: baseUrl(gateway, settings) }
}

function standardAccount(
  { gateway }: Addresses,
  before: Profile | undefined,
  development: DevelopmentSystem | undefined,
): string | undefined {
  if (before?.gateway === gateway) return `${before.tenant}/${before.user}`
  return development?.gateway === gateway ? development.account : undefined
}

async function askAccount(standard: string | undefined, isPiped: true | undefined): Promise<SubjectArgument> {
  if (isPiped === true) {
    if (standard === undefined) throw usage('Whose password is it? curfew login TENANT/USER --password-stdin')
    return subjectArgument(standard)
  }
  return subjectArgument(await askText('Account, as TENANT/USER', standard))
}

function profileOf(
  addresses: Addresses,
  { token, session }: { readonly token: string; readonly session: Session },
): Profile {
  const { id, tenant, user, expires_at } = session
  return { version: 1, ...addresses, tenant, user, session: id, token, expires_at }
}

function welcome({ output, profileFile }: Context, session: Session): void {
  output.line(`Logged in as ${output.tone('bold', safeText(`${session.tenant}/${session.user}`))}.`)
  showSession(output, session)
  if (!session.permissions.some((permission) => permission.startsWith('curfew:')))
    output.note('This account holds no permission of an operator: most commands will be refused.')
  output.note(`Kept in ${profileFile}`)
}

export function addLogout(program: Program, perform: Perform): void {
  program
    .command('logout')
    .description('end this session everywhere, and forget it here')
    .action((_options, command) => perform(command.optsWithGlobals(), logOut))
}

async function logOut(context: Context): Promise<ExitCode> {
  const { output, profileFile } = context
  const operator = await context.operator()
  // Only then is the file removed: a session that goes on can still be ended from here.
  await operator.atGateway({ method: 'POST', path: '/logout' })
  await removeProfile(profileFile)
  noteChange()
  output.answer({ logged_out: true, account: operator.account }, () =>
    output.line(`Logged out; the session of ${safeText(operator.account)} is over everywhere.`),
  )
  return EXIT.done
}
