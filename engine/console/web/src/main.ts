import { mount } from 'svelte'
import App from './app/App.svelte'
import { showTheme } from './app/prefs.svelte.ts'
import './style/fonts.css'
import './style/tokens.css'
import './style/base.css'

showTheme()
const target = document.getElementById('app')
if (target) mount(App, { target })
