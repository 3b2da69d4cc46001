import type { Completed, Kind } from './completed.js';

/** The script for bash. What a running system has is asked of the very command that is being typed. */
export function bashScript(commands: readonly Completed[]): string {
  const groups = new Map<string, string[]>();
  for (const { path } of commands) {
    const [first = '', second] = path.split(' ');
    groups.set(first, [...(groups.get(first) ?? []), ...(second ? [second] : [])]);
  }
  const groupCases = [...groups].filter(([, verbs]) => verbs.length > 0);
  return `_forge_place() {
  case "$1" in
${commands.map(placeCase).join('\n')}
  esac
}
_forge() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path=\${COMP_WORDS[1]} at=2 verbs= flags= kinds= last= kind= trim= i word
  COMPREPLY=()
  # "--from=evo" comes as three words.
  [ "$cur" = "=" ] && cur=
  [ "$prev" = "=" ] && prev=\${COMP_WORDS[COMP_CWORD-2]}
  # And so does "runs:read", of which only the last word is replaced.
  if [ "$cur" = ":" ]; then trim="$prev:"; cur=$trim; prev=\${COMP_WORDS[COMP_CWORD-2]}
  elif [ "$prev" = ":" ]; then trim="\${COMP_WORDS[COMP_CWORD-2]}:"; cur=$trim$cur; prev=\${COMP_WORDS[COMP_CWORD-3]}; fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${[...groups.keys()].join(' ')}' -- "$cur")); return
  fi
  case "$path" in
${groupCases.map(([name, verbs]) => `    ${name}) verbs='${verbs.join(' ')}' ;;`).join('\n')}
  esac
  if [ -n "$verbs" ]; then
    if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$verbs --help" -- "$cur")); return; fi
    path="$path \${COMP_WORDS[2]}"; at=3
  fi
  _forge_place "$path" "$prev"
  if [ -z "$kind" ] && [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$cur")); return; fi
  if [ -z "$kind" ]; then
    # Which of the arguments is it? Values of options are none.
    local n=0 taken=
    for ((i = at; i < COMP_CWORD; i++)); do
      word=\${COMP_WORDS[i]}
      if [[ "$word" == -* || "$word" == "=" ]]; then kind=; _forge_place "$path" "$word"; taken=$kind; [ "$word" = "=" ] && taken=any
      elif [ -n "$taken" ]; then taken=
      else n=$((n + 1)); fi
    done
    kind=
    set -- $kinds
    if [ "$n" -lt "$#" ]; then shift "$n"; kind=$1; else kind=$last; fi
  fi
  case "$kind" in
    file) type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
    ask:*) COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" completion --values "\${kind#ask:}" 2>/dev/null)" -- "$cur")) ;;
    words:*) kind=\${kind#words:}; COMPREPLY=($(compgen -W "\${kind//,/ }" -- "$cur")) ;;
  esac
  COMPREPLY=("\${COMPREPLY[@]#"$trim"}")
}
complete -F _forge forge ./forge
`;
}

/** bash's completion, which zsh can run. */
export function zshScript(commands: readonly Completed[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`;
}

/** What is known of one command: its flags, its arguments, and for the option before the cursor what its value may be. */
function placeCase({ path, flags, values, positions, isVariadic }: Completed): string {
  const kinds = positions.map(text);
  const options = [...values].map(([flag, kind]) => `${flag}) kind=${text(kind)} ;;`);
  return `    '${path}') flags='${flags.join(' ')}' kinds='${kinds.join(' ')}' last='${isVariadic ? kinds.at(-1) : ''}'
      case "$2" in ${options.join(' ')} esac ;;`;
}

function text(kind: Kind): string {
  if (typeof kind === 'object') return `words:${kind.words.join(',')}`;
  return kind === 'file' || kind === 'none' ? kind : `ask:${kind}`;
}
