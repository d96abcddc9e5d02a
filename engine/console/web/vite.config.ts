import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { catalogue } from './build/catalogue.ts'
import { mock } from './mock/plugin.ts'

// The page is served under a content security policy that allows no inline script, no inline style and no data:
// address but for pictures: nothing may be inlined.
export default defineConfig({
  plugins: [svelte(), catalogue(), mock()],
  base: '/',
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    emptyOutDir: false, // the set-up builds into an empty folder
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
})
