using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace NetStack.Inspect;

/// <summary>Help that ends with command lines to try.</summary>
internal sealed class HelpWithExamples(SynchronousCommandLineAction usual) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string[]> ByCommand = new(StringComparer.Ordinal)
    {
        ["netstack"] =
        [
            "netstack inspect web.pcapng tcp port 80",
            "netstack conversations --json web.pcapng",
        ],
        ["inspect"] =
        [
            "netstack inspect web.pcapng",
            "netstack inspect -nnr big.pcapng -c 20 tcp port 443 and not host 10.0.0.1",
            "netstack inspect -r big.pcapng -Y 'tcp.flags.reset == 1 && ip.dst == 10.0.0.0/8'",
            "netstack inspect -e -vv -XX web.pcapng",
            "netstack inspect monday.pcapng tuesday.pcapng.zst -w both.pcapng host 192.0.2.1",
            "netstack inspect big.pcapng -w part-%H%M%S.pcapng -G 3600 -s 96",
            "tcpdump -i eth0 -U -w - | netstack inspect -l -",
        ],
        ["conversations"] = ["netstack conversations web.pcapng", "tcpdump -i eth0 -U -w - port 53 | netstack conversations -r -"],
        ["endpoints"] = ["netstack endpoints web.pcapng", "netstack endpoints --json big.pcapng not net 10.0.0.0/8"],
        ["top"] = ["netstack top -n 5 big.pcapng"],
        ["follow"] = ["netstack follow web.pcapng --stream 0"],
        ["reassemble"] = ["netstack reassemble --json fragments.pcapng"],
        ["strip"] = ["netstack strip private.pcapng public.pcapng"],
        ["fields"] = ["netstack fields tcp.analysis"],
        ["report"] = ["netstack report big.pcapng -o report.html"],
        ["demo"] = ["netstack demo web.pcapng"],
        ["completion"] = ["netstack completion bash > /etc/bash_completion.d/netstack"],
    };

    /// <summary>The option.</summary>
    internal static HelpOption Create()
    {
        HelpOption option = new();
        option.Action = new HelpWithExamples((SynchronousCommandLineAction)option.Action!);
        return option;
    }

    /// <summary>Command lines to try.</summary>
    internal static string[] Of(Command command) => ByCommand.GetValueOrDefault(command.Name, []);

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int status = usual.Invoke(parseResult);
        string[] examples = Of(parseResult.CommandResult.Command);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        if (examples.Length > 0) output.WriteLine("Examples:");
        foreach (string example in examples) output.WriteLine("  " + example);
        if (examples.Length > 0) output.WriteLine();
        return status;
    }
}
