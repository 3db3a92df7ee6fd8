// Kestrel and HttpClient on a network that breaks at exact moments, in virtual time. Each line is a fault, what the client saw, and ok.
//
//   dotnet run -c Release --project samples/07-break-the-network -- --seed 7
//
// Nothing here is a stub: HTTP, TCP and IP are real, only the wire and the clock are virtual. Minutes take a moment.

using System.CommandLine;
using NetStack;
using NetStack.Samples;

Option<long> seed = new("--seed") { Description = "Decides everything that is left to chance.", DefaultValueFactory = _ => 7 };
RootCommand command = new("Kestrel and HttpClient on a network that breaks.") { seed };
command.SetAction(async parsed =>
{
    foreach (Scenario scenario in Scenario.All)
    {
        await VirtualNetwork.RunAsync(
            parsed.GetValue(seed),
            async net => Console.WriteLine($"{scenario.Name}: {await scenario.RunAsync(net)}, {net.Elapsed.TotalSeconds:F1} virtual seconds, ok"),
            test: scenario.Name);
    }
});
return await command.Parse(args).InvokeAsync();
