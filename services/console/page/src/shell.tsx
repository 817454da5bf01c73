/** The frame around every view: where one is, where one can go, whether what one sees is live, and the way to end sessions. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'

import { signOut } from './api/client.ts'
import type { Session } from './api/types.ts'
import { Icon, type IconName } from './parts/icons.tsx'
import { LiveState } from './parts/live-state.tsx'
import { ProofDialog } from './parts/proof-dialog.tsx'
import { RevokeDialog } from './revoke/revoke-dialog.tsx'
import { askToRevoke, proofRequest, revokeRequest } from './state/dialogs.ts'
import { followLog } from './state/live.ts'
import { may } from './state/operator.ts'
import { useStore } from './state/store.ts'
import { Audit } from './views/audit.tsx'
import { Nowhere } from './views/nowhere.tsx'
import { Overview } from './views/overview.tsx'
import { Revocations } from './views/revocations.tsx'
import { Roles } from './views/roles.tsx'
import { Sessions } from './views/sessions.tsx'
import { UserView } from './views/user.tsx'
import { Users } from './views/users.tsx'

const VIEWS: readonly { readonly path: string; readonly name: string; readonly icon: IconName }[] = [
  { path: '/', name: 'Overview', icon: 'overview' },
  { path: '/sessions', name: 'Sessions', icon: 'sessions' },
  { path: '/users', name: 'Users', icon: 'users' },
  { path: '/roles', name: 'Roles', icon: 'roles' },
  { path: '/revocations', name: 'Revocations', icon: 'revocations' },
  { path: '/audit', name: 'Audit', icon: 'audit' },
]

export function Shell({ session }: { readonly session: Session }) {
  const client = useQueryClient()
  useEffect(() => followLog(client), [client])
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="side">
        <div className="brand">
          <Moon />
          <span>
            Curfew <span className="muted">console</span>
          </span>
        </div>
        <button type="button" className="quiet icon-only menu-button" popoverTarget="menu">
          <Icon name="menu" />
          <span className="unseen">Menu</span>
        </button>
        <div id="menu" popover="auto" className="menu">
          <Navigation />
          <Operator session={session} />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <div className="top">
          <LiveState />
          {may(session, 'revoke') && (
            <button type="button" className="danger" onClick={() => askToRevoke()}>
              End sessions…
            </button>
          )}
        </div>
        <Views session={session} />
      </main>
      <Dialogs session={session} />
    </div>
  )
}

function Views({ session }: { readonly session: Session }) {
  const [path] = useLocation()
  const shown = useRef(path)
  // Another view is another page: it begins at its top and says its name.
  useEffect(() => {
    const name = document.querySelector('h1')
    document.title = `${name?.textContent ?? 'Curfew'} · Curfew console`
    if (shown.current === path) return
    shown.current = path
    scrollTo(0, 0)
    name?.focus()
  }, [path])
  return (
    <Switch>
      <Route path="/">
        <Overview session={session} />
      </Route>
      <Route path="/sessions">
        <Sessions session={session} />
      </Route>
      <Route path="/users">
        <Users session={session} />
      </Route>
      <Route path="/users/:tenant/:user">
        {({ tenant, user }) => (
          <UserView
            key={`${tenant}/${user}`}
            tenant={decoded(tenant)}
            user={decoded(user)}
            session={session}
          />
        )}
      </Route>
      <Route path="/roles">
        <Roles session={session} />
      </Route>
      <Route path="/revocations">
        <Revocations session={session} />
      </Route>
      <Route path="/audit">
        <Audit session={session} />
      </Route>
      <Route>
        <Nowhere />
      </Route>
    </Switch>
  )
}

/** What somebody has typed into the address need not be encoded well. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function closeMenu(): void {
  document.getElementById('menu')?.hidePopover()
}

function Navigation() {
  const [path] = useLocation()
  const isAt = (view: string): boolean => (view === '/' ? path === '/' : path.startsWith(view))
  return (
    <nav aria-label="Views">
      <ul>
        {VIEWS.map(({ path: view, name, icon }) => (
          <li key={view}>
            <Link href={view} aria-current={isAt(view) ? 'page' : undefined} onClick={closeMenu}>
              <Icon name={icon} />
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Operator({ session }: { readonly session: Session }) {
  const client = useQueryClient()
  const leave = async (): Promise<void> => {
    await signOut()
    client.clear()
    // A new document: nothing of this one is left in memory.
    location.assign('/')
  }
  return (
    <div className="operator">
      <div className="operator-name">
        <span className="muted">Signed in as</span>
        <span>
          {session.tenant}/{session.user}
        </span>
      </div>
      <button type="button" className="quiet" onClick={() => void leave()}>
        <Icon name="leave" />
        Sign out
      </button>
    </div>
  )
}

function Dialogs({ session }: { readonly session: Session }) {
  const revoking = useStore(revokeRequest)
  const proving = useStore(proofRequest)
  return (
    <>
      {revoking !== undefined && (
        <RevokeDialog scope={revoking.scope} session={session} onClose={() => revokeRequest.set(undefined)} />
      )}
      {proving !== undefined && <ProofDialog settle={proving.settle} />}
    </>
  )
}

function Moon() {
  return (
    <svg className="moon" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M20.6 3.6a12.6 12.6 0 1 0 8 16.2A10.4 10.4 0 0 1 20.6 3.6Z" />
      <circle cx="25.2" cy="8.4" r="2.1" />
    </svg>
  )
}
