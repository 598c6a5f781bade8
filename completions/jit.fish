# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_jit_global_optspecs
    string join \n output= broker= config= y/yes v/verbose h/help V/version
end

function __fish_jit_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_jit_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_jit_using_subcommand
    set -l cmd (__fish_jit_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c jit -n "__fish_jit_needs_command" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_needs_command" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_needs_command" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_needs_command" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_needs_command" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_needs_command" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_needs_command" -f -a "request" -d 'Asks for a role, and waits until somebody has decided'
complete -c jit -n "__fish_jit_needs_command" -f -a "list" -d 'Lists requests and grants: yours, or those that wait for you'
complete -c jit -n "__fish_jit_needs_command" -f -a "show" -d 'Shows one request with all that is known of it'
complete -c jit -n "__fish_jit_needs_command" -f -a "approve" -d 'Approves a request, whole or for less time'
complete -c jit -n "__fish_jit_needs_command" -f -a "deny" -d 'Denies a request'
complete -c jit -n "__fish_jit_needs_command" -f -a "cancel" -d 'Takes your own request back'
complete -c jit -n "__fish_jit_needs_command" -f -a "extend" -d 'Asks for more time for a grant of yours, before its end'
complete -c jit -n "__fish_jit_needs_command" -f -a "release" -d 'Gives your own grant back before its end'
complete -c jit -n "__fish_jit_needs_command" -f -a "revoke" -d 'Takes somebody\'s grant away'
complete -c jit -n "__fish_jit_needs_command" -f -a "lock" -d 'Ends what a person or a role holds, and refuses what is new'
complete -c jit -n "__fish_jit_needs_command" -f -a "unlock" -d 'Lets a person or a role in again'
complete -c jit -n "__fish_jit_needs_command" -f -a "check" -d 'Says by its exit code whether you hold a role'
complete -c jit -n "__fish_jit_needs_command" -f -a "exec" -d 'Runs a command with temporary credentials'
complete -c jit -n "__fish_jit_needs_command" -f -a "ssh" -d 'Logs in with a temporary SSH certificate'
complete -c jit -n "__fish_jit_needs_command" -f -a "creds" -d 'Prints a grant\'s credentials for a program'
complete -c jit -n "__fish_jit_needs_command" -f -a "env" -d 'Prints statements for a shell that set a grant\'s variables'
complete -c jit -n "__fish_jit_needs_command" -f -a "roles" -d 'Lists the roles that you may ask for'
complete -c jit -n "__fish_jit_needs_command" -f -a "whoami" -d 'Says who you are to the broker'
complete -c jit -n "__fish_jit_needs_command" -f -a "status" -d 'Shows the broker, and what of yours is not proven ended'
complete -c jit -n "__fish_jit_needs_command" -f -a "token" -d 'Makes, lists and ends bearer tokens'
complete -c jit -n "__fish_jit_needs_command" -f -a "agent" -d 'Shows or ends your own agent, which keeps credentials'
complete -c jit -n "__fish_jit_needs_command" -f -a "audit" -d 'Reads and verifies the record'
complete -c jit -n "__fish_jit_needs_command" -f -a "config" -d 'Checks a config file, and says which one is meant'
complete -c jit -n "__fish_jit_needs_command" -f -a "backend" -d 'Lists targets, and sets one up'
complete -c jit -n "__fish_jit_needs_command" -f -a "init" -d 'Writes a first config, and says what each target needs'
complete -c jit -n "__fish_jit_needs_command" -f -a "doctor" -d 'Looks for what is wrong, and says how to mend it'
complete -c jit -n "__fish_jit_needs_command" -f -a "serve" -d 'Runs the broker for the users of this machine'
complete -c jit -n "__fish_jit_needs_command" -f -a "backup" -d 'Copies the broker\'s state while it runs'
complete -c jit -n "__fish_jit_needs_command" -f -a "restore" -d 'Puts a copy of the broker\'s state back'
complete -c jit -n "__fish_jit_needs_command" -f -a "slack" -d 'Prints what a Slack app is made from'
complete -c jit -n "__fish_jit_needs_command" -f -a "demo" -d 'Shows the main job, for real, in under a minute'
complete -c jit -n "__fish_jit_needs_command" -f -a "generate" -d 'Writes completions, manual pages and the config\'s schema'
complete -c jit -n "__fish_jit_using_subcommand request" -l for -d 'For how long, as in 2h or 90m; the role\'s default where it is missing' -r
complete -c jit -n "__fish_jit_using_subcommand request" -s r -l reason -d 'Why: whoever decides reads it, and it stays in the record' -r
complete -c jit -n "__fish_jit_using_subcommand request" -s p -l param -d 'A parameter of the role, as in schema=sales; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand request" -l timeout -d 'Waits for at most so long; the request lives on' -r
complete -c jit -n "__fish_jit_using_subcommand request" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand request" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand request" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand request" -l dry-run -d 'Only prints what the request would do; files nothing'
complete -c jit -n "__fish_jit_using_subcommand request" -l no-wait -d 'Files the request and ends, with its id on stdout'
complete -c jit -n "__fish_jit_using_subcommand request" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand request" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand request" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand list" -l most -d 'Lists at most so many' -r
complete -c jit -n "__fish_jit_using_subcommand list" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand list" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand list" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand list" -l waiting -d 'Lists what waits for your decision'
complete -c jit -n "__fish_jit_using_subcommand list" -l all -d 'Lists all that is open and that you may see'
complete -c jit -n "__fish_jit_using_subcommand list" -l follow -d 'Stays, and prints a line for each new ask that waits for you'
complete -c jit -n "__fish_jit_using_subcommand list" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand list" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand list" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand show" -l timeout -d 'Waits for at most so long' -r
complete -c jit -n "__fish_jit_using_subcommand show" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand show" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand show" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand show" -l wait -d 'Waits until it, or its extension, is decided'
complete -c jit -n "__fish_jit_using_subcommand show" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand show" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand show" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand approve" -l hash -d 'The content hash that you have seen, as `jit show` prints it; needed where nobody can be asked' -r
complete -c jit -n "__fish_jit_using_subcommand approve" -l for -d 'For less than was asked; the shortest approved time counts' -r
complete -c jit -n "__fish_jit_using_subcommand approve" -l comment -d 'A word to the requester, kept in the record' -r
complete -c jit -n "__fish_jit_using_subcommand approve" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand approve" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand approve" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand approve" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand approve" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand approve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand approve" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand deny" -l hash -d 'The content hash that you have seen, as `jit show` prints it; needed where nobody can be asked' -r
complete -c jit -n "__fish_jit_using_subcommand deny" -s r -l reason -d 'Why not: the requester reads it' -r
complete -c jit -n "__fish_jit_using_subcommand deny" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand deny" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand deny" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand deny" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand deny" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand deny" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand deny" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand cancel" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand cancel" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand cancel" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand cancel" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand cancel" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand cancel" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand extend" -l for -d 'How much longer, as in 1h or 30m; with all extensions a grant never lasts longer than its role\'s most' -r
complete -c jit -n "__fish_jit_using_subcommand extend" -s r -l reason -d 'Why it takes longer: whoever decides reads it; on a terminal you are asked where it is missing' -r
complete -c jit -n "__fish_jit_using_subcommand extend" -l timeout -d 'Waits for at most so long; what was asked for lives on' -r
complete -c jit -n "__fish_jit_using_subcommand extend" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand extend" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand extend" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand extend" -l dry-run -d 'Only prints what the extension would do; asks nobody'
complete -c jit -n "__fish_jit_using_subcommand extend" -l no-wait -d 'Asks and ends, with the request\'s id on stdout'
complete -c jit -n "__fish_jit_using_subcommand extend" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand extend" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand extend" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand extend" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand release" -l timeout -d 'Waits for the proof for at most so long' -r
complete -c jit -n "__fish_jit_using_subcommand release" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand release" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand release" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand release" -l no-wait -d 'Does not wait for the proof that it is over'
complete -c jit -n "__fish_jit_using_subcommand release" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand release" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand release" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand revoke" -s r -l reason -d 'Why: it stays in the record, and the holder is told' -r
complete -c jit -n "__fish_jit_using_subcommand revoke" -l timeout -d 'Waits for the proof for at most so long' -r
complete -c jit -n "__fish_jit_using_subcommand revoke" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand revoke" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand revoke" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand revoke" -l no-wait -d 'Does not wait for the proof that it is over'
complete -c jit -n "__fish_jit_using_subcommand revoke" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand revoke" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand revoke" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand lock" -l person -d 'The person, where a role is called the same' -r
complete -c jit -n "__fish_jit_using_subcommand lock" -l role -d 'The role, where a person is called the same' -r
complete -c jit -n "__fish_jit_using_subcommand lock" -s r -l reason -d 'Why: it stays in the record' -r
complete -c jit -n "__fish_jit_using_subcommand lock" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand lock" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand lock" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand lock" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand lock" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand lock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand lock" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand unlock" -l person -d 'The person, where a role is called the same' -r
complete -c jit -n "__fish_jit_using_subcommand unlock" -l role -d 'The role, where a person is called the same' -r
complete -c jit -n "__fish_jit_using_subcommand unlock" -s r -l reason -d 'Why: it stays in the record' -r
complete -c jit -n "__fish_jit_using_subcommand unlock" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand unlock" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand unlock" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand unlock" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand unlock" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand unlock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand unlock" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand check" -l min-left -d 'Held for at least so long from now on' -r
complete -c jit -n "__fish_jit_using_subcommand check" -s p -l param -d 'Held with this parameter, as in schema=sales; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand check" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand check" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand check" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand check" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand check" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand check" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand exec" -l role -d 'Asks for this role, and waits for the decision' -r
complete -c jit -n "__fish_jit_using_subcommand exec" -l for -d 'For how long, as in 2h or 90m; the role\'s default where it is missing' -r
complete -c jit -n "__fish_jit_using_subcommand exec" -s r -l reason -d 'Why: whoever decides reads it, and it stays in the record' -r
complete -c jit -n "__fish_jit_using_subcommand exec" -s p -l param -d 'A parameter of the role, as in schema=sales; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand exec" -l timeout -d 'Waits for a decision for at most so long; the request lives on' -r
complete -c jit -n "__fish_jit_using_subcommand exec" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand exec" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand exec" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand exec" -l release -d 'Gives the grant back afterwards, and waits until it is proven over'
complete -c jit -n "__fish_jit_using_subcommand exec" -l keep -d 'Keeps the grant until its end, also where it was asked for with --role'
complete -c jit -n "__fish_jit_using_subcommand exec" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand exec" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand exec" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand ssh" -l role -d 'Asks for this role, and waits for the decision' -r
complete -c jit -n "__fish_jit_using_subcommand ssh" -l for -d 'For how long, as in 2h or 90m; the role\'s default where it is missing' -r
complete -c jit -n "__fish_jit_using_subcommand ssh" -s r -l reason -d 'Why: whoever decides reads it, and it stays in the record' -r
complete -c jit -n "__fish_jit_using_subcommand ssh" -s p -l param -d 'A parameter of the role, as in schema=sales; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand ssh" -l timeout -d 'Waits for a decision for at most so long; the request lives on' -r
complete -c jit -n "__fish_jit_using_subcommand ssh" -l files -d 'Writes key, certificate and a config for `ssh -F` into this directory instead; never over a file of yours' -r -F
complete -c jit -n "__fish_jit_using_subcommand ssh" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand ssh" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand ssh" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand ssh" -l add -d 'Puts key and certificate into your ssh-agent instead, which must promise to forget them in time'
complete -c jit -n "__fish_jit_using_subcommand ssh" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand ssh" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand ssh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand ssh" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand creds" -l format -d 'In which format' -r -f -a "json\t'JSON, an object for each entitlement'
env\t'Assignments for a POSIX shell'
pgpass\t'Lines of a PostgreSQL password file'
ssh\t'The certificate and the private key, as OpenSSH writes them'"
complete -c jit -n "__fish_jit_using_subcommand creds" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand creds" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand creds" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand creds" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand creds" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand creds" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand creds" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand env" -l shell -d 'For which shell; the one that SHELL names where it is not given' -r -f -a "sh\t'sh, dash, ksh'
bash\t'bash'
zsh\t'zsh'
fish\t'fish'"
complete -c jit -n "__fish_jit_using_subcommand env" -l files -d 'Writes passwords and keys into files in this directory, which are yours to remove; never over a file of yours' -r -F
complete -c jit -n "__fish_jit_using_subcommand env" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand env" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand env" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand env" -l unset -d 'Prints what takes the variables away again'
complete -c jit -n "__fish_jit_using_subcommand env" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand env" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand env" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand env" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand roles" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand roles" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand roles" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand roles" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand roles" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand roles" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand roles" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand whoami" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand whoami" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand whoami" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand whoami" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand whoami" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand whoami" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand whoami" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand status" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand status" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand status" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand status" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand status" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand status" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "create" -d 'Makes a token; it is shown this once'
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "list" -d 'Lists your tokens, never the tokens themselves'
complete -c jit -n "__fish_jit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "revoke" -d 'Ends a token'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l for -d 'How long it lives, at most a year' -r
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l label -d 'What it is for' -r
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l role -d 'Limits it to this role; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l person -d 'For somebody else; for administrators' -r
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l file -d 'Keeps it in a new private file, for JIT_TOKEN_FILE' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -l save -d 'Keeps it in the keyring, where every later command finds it'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from create" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from list" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from list" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from list" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from revoke" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand token; and __fish_seen_subcommand_from revoke" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -f -a "status" -d 'Shows what your agent holds, without any secret'
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -f -a "stop" -d 'Ends your agent: what it holds is wiped, and claimed anew when it is needed'
complete -c jit -n "__fish_jit_using_subcommand agent; and not __fish_seen_subcommand_from status stop run" -f -a "run" -d 'Runs the agent; every command that needs it starts it by itself'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from status" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from status" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from status" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from status" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from status" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from stop" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from stop" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from stop" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from stop" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from stop" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from run" -l idle -d 'Ends when it has had nothing to do for so long' -r
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from run" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from run" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from run" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from run" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand agent; and __fish_seen_subcommand_from run" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -f -a "log" -d 'Lists what happened'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -f -a "show" -d 'Tells the story of one request, as for a post-mortem'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -f -a "export" -d 'Writes the whole log to a file that can be verified offline'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -f -a "verify" -d 'Verifies a file, or the broker\'s log'
complete -c jit -n "__fish_jit_using_subcommand audit; and not __fish_seen_subcommand_from log show export verify erase" -f -a "erase" -d 'Makes unreadable what a person typed, and who they were'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -l grant -d 'Only about this request or grant' -r
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -l person -d 'Only about or by this person' -r
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -l role -d 'Only about this role' -r
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -l since -d 'Only since then: a time (2026-03-01T09:30:00Z) or how long ago (2h)' -r
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -s f -l follow -d 'Goes on with what happens from now on'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from log" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from show" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from show" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from show" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -l format -d 'The file\'s format' -r -f -a "jsonl\t'JSON lines, as docs/audit-format.md has them'"
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -l to -d 'Writes to this new file, which only you may read; to stdout where it is not given' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -l open -d 'Writes names and reasons in clear; without it they stay sealed, and the log verifies all the same'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -l checkpoint -d 'A signed checkpoint that was kept elsewhere' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -l key -d 'The log\'s verifier key, as it was told when the house was made' -r
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -l accept -d 'Takes the broker\'s log for the one to hold it to from now on, after a restore that you know of'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from erase" -l subject -d 'The person' -r
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from erase" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from erase" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from erase" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from erase" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from erase" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from erase" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand audit; and __fish_seen_subcommand_from erase" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -f -a "check" -d 'Finds every mistake in a config file, offline'
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -f -a "reload" -d 'Has the running broker read its config anew'
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -f -a "schema" -d 'Prints the JSON Schema of a config file, for editors'
complete -c jit -n "__fish_jit_using_subcommand config; and not __fish_seen_subcommand_from check reload schema path" -f -a "path" -d 'Says which config file is meant'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from check" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from check" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from check" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from reload" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from reload" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from reload" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from reload" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from reload" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from reload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from reload" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from schema" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from schema" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from schema" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from schema" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from schema" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from path" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from path" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from path" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand config; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -f -a "list" -d 'Lists the targets of the config, and the roles that give them'
complete -c jit -n "__fish_jit_using_subcommand backend; and not __fish_seen_subcommand_from list setup" -f -a "setup" -d 'Sets a target up for what the roles give, or prints how'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from list" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from list" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from list" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l admin -d 'Who sets it up: a role\'s name at the config\'s url, or a url of their own, without a password' -r
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l admin-env -d 'The environment variable with that url, in which a password may stand' -r
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l major -d 'The target\'s major version, where it is printed without asking the target' -r
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l state -d 'The broker\'s state directory, which says whose house it is; the config says which where it is not given' -r -F
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l house -d 'The house, where its state is not on this machine; `jit status` names it' -r
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -l print -d 'Prints what would be run, and changes nothing'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand backend; and __fish_seen_subcommand_from setup" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand init" -l dir -d 'Puts config, state and keys into this directory' -r -F
complete -c jit -n "__fish_jit_using_subcommand init" -l run-as -d 'The account that the broker will run as, with --system; the one that runs this where it is not given' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l person -d 'Who may ask, by a name that stays, and their account on this machine; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l approver -d 'Who may say yes; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l administrator -d 'Who may revoke, lock and read everybody\'s record; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l ssh-account -d 'Gives logins to SSH hosts as this account' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l ssh-host -d 'Those hosts, as in "web-*.internal"; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l ssh-ca -d 'Signs with this CA key, which is there already; a new one is made where it is not given' -r -F
complete -c jit -n "__fish_jit_using_subcommand init" -l ssh-krl -d 'Publishes the revocation list in this file; beside the state where it is not given' -r -F
complete -c jit -n "__fish_jit_using_subcommand init" -l postgres -d 'Gives logins to a PostgreSQL: the broker\'s own connection, without a password' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l postgres-database -d 'The database that they are for' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l postgres-member -d 'The role that they become members of; once for each' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l postgres-password-file -d 'The private file with the password of the broker\'s own connection' -r -F
complete -c jit -n "__fish_jit_using_subcommand init" -l postgres-version -d 'The server\'s major version, for which the SQL is printed' -r
complete -c jit -n "__fish_jit_using_subcommand init" -l postgres-through -d 'How the broker makes logins: through functions for 15, by its own CREATEROLE later, where it is not given' -r -f -a "functions\t'Through functions that bound them; the broker\'s role needs no CREATEROLE'
createrole\t'By the broker\'s own CREATEROLE'"
complete -c jit -n "__fish_jit_using_subcommand init" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand init" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand init" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand init" -l system -d 'For everybody on this machine: a broker of its own, with its config in /etc/jit'
complete -c jit -n "__fish_jit_using_subcommand init" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand init" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand init" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand doctor" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand doctor" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand doctor" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand doctor" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand doctor" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand serve" -l socket -d 'Listens on this Unix socket; `[broker] socket` where it is not given' -r -F
complete -c jit -n "__fish_jit_using_subcommand serve" -l state -d 'Keeps the state in this directory; `[broker] state` where it is not given' -r -F
complete -c jit -n "__fish_jit_using_subcommand serve" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand serve" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand serve" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand serve" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand serve" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand serve" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand backup" -l to -d 'The new directory that the backup goes to' -r -F
complete -c jit -n "__fish_jit_using_subcommand backup" -l state -d 'The broker\'s state directory; the config says which where it is not given' -r -F
complete -c jit -n "__fish_jit_using_subcommand backup" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand backup" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand backup" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand backup" -l with-keys -d 'Also copies the keys: of the people\'s texts, and of the log\'s checkpoints'
complete -c jit -n "__fish_jit_using_subcommand backup" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand backup" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand backup" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand restore" -l from -d 'The backup\'s directory' -r -F
complete -c jit -n "__fish_jit_using_subcommand restore" -l state -d 'The state directory that it is put back into; the config says which where it is not given' -r -F
complete -c jit -n "__fish_jit_using_subcommand restore" -l keys-from -d 'Takes keys.db and checkpoint.key from this directory, not those that are there or in the backup' -r -F
complete -c jit -n "__fish_jit_using_subcommand restore" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand restore" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand restore" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand restore" -l replace -d 'Moves aside what is there'
complete -c jit -n "__fish_jit_using_subcommand restore" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand restore" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand restore" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand slack; and not __fish_seen_subcommand_from manifest" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand slack; and not __fish_seen_subcommand_from manifest" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand slack; and not __fish_seen_subcommand_from manifest" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand slack; and not __fish_seen_subcommand_from manifest" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand slack; and not __fish_seen_subcommand_from manifest" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand slack; and not __fish_seen_subcommand_from manifest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand slack; and not __fish_seen_subcommand_from manifest" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand slack; and not __fish_seen_subcommand_from manifest" -f -a "manifest" -d 'Prints the manifest that a Slack app is made from'
complete -c jit -n "__fish_jit_using_subcommand slack; and __fish_seen_subcommand_from manifest" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand slack; and __fish_seen_subcommand_from manifest" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand slack; and __fish_seen_subcommand_from manifest" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand slack; and __fish_seen_subcommand_from manifest" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand slack; and __fish_seen_subcommand_from manifest" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand slack; and __fish_seen_subcommand_from manifest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand slack; and __fish_seen_subcommand_from manifest" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand demo" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand demo" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand demo" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand demo" -l keep -d 'Leaves the broker running, with the commands to play with, until Ctrl-C'
complete -c jit -n "__fish_jit_using_subcommand demo" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand demo" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand demo" -s V -l version -d 'Print version'
complete -c jit -n "__fish_jit_using_subcommand generate" -l into -d 'The directory to write into; it is made where it is missing' -r -F
complete -c jit -n "__fish_jit_using_subcommand generate" -l output -d 'Prints for people, or JSON for programs' -r -f -a "human\t'For people'
json\t'For programs: JSON, one object a line where there are several'"
complete -c jit -n "__fish_jit_using_subcommand generate" -l broker -d 'Talks to the broker behind this socket' -r -F
complete -c jit -n "__fish_jit_using_subcommand generate" -l config -d 'Reads this config file' -r -F
complete -c jit -n "__fish_jit_using_subcommand generate" -s y -l yes -d 'Answers yes where a person would be asked'
complete -c jit -n "__fish_jit_using_subcommand generate" -s v -l verbose -d 'Tells more on stderr; twice for even more'
complete -c jit -n "__fish_jit_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jit -n "__fish_jit_using_subcommand generate" -s V -l version -d 'Print version'
