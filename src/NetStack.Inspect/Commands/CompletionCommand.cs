using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;

namespace NetStack.Inspect;

/// <summary><c>netstack completion</c>: a script that makes a shell ask the tool what may follow.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # netstack completion bash > /etc/bash_completion.d/netstack
        _netstack() {
            local words
            mapfile -t words < <("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
            mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "${COMP_WORDS[COMP_CWORD]}")
        }
        complete -o default -F _netstack netstack

        """;

    private const string Zsh = """
        #compdef netstack
        # netstack completion zsh > "${fpath[1]}/_netstack"
        _netstack() {
            local -a answers
            answers=("${(@f)$(${words[1]} "[suggest:${#BUFFER}]" "${BUFFER}" 2>/dev/null)}")
            compadd -a answers || _files
        }
        compdef _netstack netstack

        """;

    private const string Fish = """
        # netstack completion fish > ~/.config/fish/completions/netstack.fish
        complete -c netstack -a '(set -l line (commandline -cp); netstack "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)'

        """;

    internal static Command Create()
    {
        Argument<string> shell = new("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Command command = new("completion", "Print a script that completes this tool's words in a shell.") { shell };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(parsed.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Answers a shell that asks, like <c>[suggest:12] "netstack insp"</c>, what may stand at a place of a line.</summary>
    internal static bool TryAnswer(string[] args, TextWriter output)
    {
        const string Ask = "[suggest";
        if (args.Length == 0 || !args[0].StartsWith(Ask, StringComparison.Ordinal) || args[0][^1] != ']') return false;
        string line = args.Length > 1 ? args[1] : "";
        int place = int.TryParse(args[0].AsSpan(Ask.Length).Trim(":]"), CultureInfo.InvariantCulture, out int at) ? Math.Clamp(at, 0, line.Length) : line.Length;
        foreach (CompletionItem item in CommandLine.Root().Parse(line).GetCompletions(place)) output.WriteLine(item.Label);
        return true;
    }
}
