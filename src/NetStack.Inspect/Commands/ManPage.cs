using System.CommandLine;
using System.Globalization;
using System.Text;

namespace NetStack.Inspect;

/// <summary>The manual page, from the definitions of the commands.</summary>
internal static class ManPage
{
    /// <summary>The page in roff, for man(7).</summary>
    internal static string Of(Command root)
    {
        StringBuilder page = new();
        page.Append(".\\\" Made by ./ci.sh man from the definitions of the commands.\n");
        page.Append(".TH NETSTACK 1\n.SH NAME\nnetstack \\- packets of captures, from headers alone\n.SH SYNOPSIS\n");
        foreach (Command command in root.Subcommands) page.Append(CultureInfo.InvariantCulture, $".B netstack {command.Name}\n{Arguments(command)}[\\fIoptions\\fR]\n.br\n");
        page.Append(".SH DESCRIPTION\n").Append(Text(root.Description)).Append('\n');
        page.Append("""
            .PP
            Without \fB\-r\fR the first bare word names a capture, and those after it while they name files; the words that follow are a
            filter in the language of pcap\-filter(7). With \fB\-r\fR every bare word belongs to the filter. Captures are pcap or pcapng,
            compressed by gzip, zstd or lz4 or not; \fB\-\fR is standard input. Several are merged by time.

            """.ReplaceLineEndings("\n"));
        page.Append(".SH COMMANDS\n");
        foreach (Command command in root.Subcommands) AppendCommand(page, command);
        page.Append("""
            .SH EXIT STATUS
            .TP
            .B 0
            The whole input was read, or whoever read the output had enough.
            .TP
            .B 1
            A usage error, or an input or output that cannot be opened, read or written.
            .TP
            .B 2
            A capture is cut short or corrupt; everything before the damage was used.
            .SH SEE ALSO
            .BR tcpdump (8),
            .BR tshark (1),
            .BR pcap\-filter (7),
            .BR wireshark\-filter (4)

            """.ReplaceLineEndings("\n"));
        return page.ToString();
    }

    private static void AppendCommand(StringBuilder page, Command command)
    {
        page.Append(CultureInfo.InvariantCulture, $".SS {Text(command.Name)}\n{Text(command.Description)}\n");
        foreach (Argument argument in command.Arguments)
            page.Append(CultureInfo.InvariantCulture, $".TP\n.I {Text(argument.Name)}\n{Text(argument.Description)}\n");
        foreach (Option option in command.Options.Where(o => !o.Hidden))
        {
            IEnumerable<string> names = option.Aliases.Append(option.Name).OrderBy(n => n.Length).Select(n => $"\\fB{Text(n)}\\fR");
            string value = option.Arity.MaximumNumberOfValues == 0 ? "" : $" \\fI{Text(option.HelpName ?? "VALUE")}\\fR";
            page.Append(CultureInfo.InvariantCulture, $".TP\n{string.Join(", ", names)}{value}\n{Text(option.Description)}\n");
        }
        string[] examples = HelpWithExamples.Of(command);
        if (examples.Length == 0) return;
        page.Append(".PP\n.nf\n.RS\n");
        foreach (string example in examples) page.Append(Text(example)).Append('\n');
        page.Append(".RE\n.fi\n");
    }

    private static string Arguments(Command command) => string.Concat(command.Arguments.Select(a => $".RI [ {Text(a.Name)} ]\n"));

    private static string Text(string? text)
    {
        string escaped = (text ?? "").Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.Length > 0 && escaped[0] is '.' or '\'' ? "\\&" + escaped : escaped;
    }
}
