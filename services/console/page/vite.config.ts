/** How the page is built: files whose names say what is in them, nothing inline, nothing from elsewhere. */
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2023',
    // The policy of the page allows no `data:` but for images, and a file can be cached by its name.
    assetsInlineLimit: 0,
    // Every browser that the page runs in knows how to preload modules.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    emptyOutDir: true,
    rolldownOptions: {
      // "use client" is for frameworks that render on servers.
      onLog: (level, log, report) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log)
      },
    },
  },
})
