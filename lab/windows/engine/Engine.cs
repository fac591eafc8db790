// Copyright: (c) 2026, the deep_security.remediation contributors
// GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The .NET half of a worker: reads requests, runs each payload in a runspace of its own, and carries the queries of the
// stand-ins to the host. In C# because a PowerShell class belongs to the runspace that it was defined in.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Threading;

namespace Engine
{
    public static class Json
    {
        // Numbers as Int64, objects as case-sensitive tables: nothing is made of a text that resembles a date.
        public static object Read(string text)
        {
            using (JsonDocument document = JsonDocument.Parse(text))
            {
                return Plain(document.RootElement);
            }
        }

        private static object Plain(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    var table = new Dictionary<string, object>();
                    foreach (JsonProperty property in element.EnumerateObject())
                    {
                        table[property.Name] = Plain(property.Value);
                    }
                    return table;
                case JsonValueKind.Array:
                    return element.EnumerateArray().Select(Plain).ToArray();
                case JsonValueKind.String:
                    return element.GetString();
                case JsonValueKind.Number:
                    return element.TryGetInt64(out long whole) ? (object)whole : element.GetDouble();
                case JsonValueKind.True:
                    return true;
                case JsonValueKind.False:
                    return false;
                default:
                    return null;
            }
        }

        public static string Write(object value)
        {
            return JsonSerializer.Serialize(value);
        }
    }

    // What the stand-ins query the host with.
    public static class Host
    {
        private static TcpClient client;
        private static StreamReader reader;
        private static StreamWriter writer;
        private static readonly object gate = new object();

        internal static void Connect(int port, string token)
        {
            Disconnect();
            client = new TcpClient("127.0.0.1", port) { NoDelay = true };
            reader = new StreamReader(client.GetStream(), new UTF8Encoding(false));
            writer = new StreamWriter(client.GetStream(), new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
            writer.WriteLine(token + " query");
        }

        internal static void Disconnect()
        {
            if (client != null)
            {
                client.Dispose();
                client = null;
            }
        }

        // The host's answer; an exception of the class that Windows throws where the host fails.
        public static object Query(string what, params object[] arguments)
        {
            string line;
            lock (gate)
            {
                writer.WriteLine(Json.Write(new Dictionary<string, object> { { "what", what }, { "arguments", arguments } }));
                line = reader.ReadLine();
            }
            if (line == null)
            {
                throw new IOException("the host of the engine is gone");
            }
            var answer = (Dictionary<string, object>)Json.Read(line);
            if (!answer.ContainsKey("failure"))
            {
                return answer["value"];
            }
            throw new HostFailure((string)answer["failure"], (string)answer["kind"]);
        }
    }

    public class HostFailure : Exception
    {
        public string Kind { get; private set; }

        public HostFailure(string message, string kind) : base(message)
        {
            Kind = kind;
        }
    }

    // Statements that were run, where they are counted.
    public static class Hit
    {
        private static readonly HashSet<(int, int, int)> found = new HashSet<(int, int, int)>();

        public static void At(int file, int line, int column)
        {
            lock (found)
            {
                found.Add((file, line, column));
            }
        }

        internal static int[][] Take()
        {
            lock (found)
            {
                int[][] all = found.Select(one => new[] { one.Item1, one.Item2, one.Item3 }).ToArray();
                found.Clear();
                return all;
            }
        }

        // Those of a script, but for those inside a text.
        private static IEnumerable<StatementAst> Statements(string text)
        {
            ScriptBlockAst root = Parser.ParseInput(text, out _, out ParseError[] errors);
            if (errors.Length > 0)
            {
                throw new ArgumentException(errors[0].Message);
            }
            foreach (Ast ast in root.FindAll(one => one is NamedBlockAst || one is StatementBlockAst, true))
            {
                bool inText = false;
                for (Ast above = ast.Parent; above != null; above = above.Parent)
                {
                    inText = inText || above is ExpandableStringExpressionAst;
                }
                var inside = ast is NamedBlockAst named ? named.Statements : ((StatementBlockAst)ast).Statements;
                foreach (StatementAst statement in inText ? Enumerable.Empty<StatementAst>() : inside)
                {
                    yield return statement;
                }
            }
        }

        public static int[][] Places(string text)
        {
            return Statements(text).Select(one => new[] { one.Extent.StartLineNumber, one.Extent.StartColumnNumber })
                .ToArray();
        }

        // The text with a count before each statement that is not known.
        public static string Instrument(string text, int file, HashSet<(int, int)> known)
        {
            var changed = new StringBuilder(text);
            foreach (StatementAst one in Statements(text).OrderByDescending(one => one.Extent.StartOffset))
            {
                IScriptExtent place = one.Extent;
                if (known.Contains((place.StartLineNumber, place.StartColumnNumber)))
                {
                    continue;
                }
                string count = $"[Engine.Hit]::At({file},{place.StartLineNumber},{place.StartColumnNumber});";
                changed.Insert(place.StartOffset, count);
            }
            return changed.ToString();
        }
    }

    internal class TaskUI : PSHostUserInterface
    {
        internal readonly StringBuilder Errors = new StringBuilder();

        public override PSHostRawUserInterface RawUI { get { return null; } }
        public override string ReadLine() { throw new NotImplementedException(); }
        public override System.Security.SecureString ReadLineAsSecureString() { throw new NotImplementedException(); }
        public override void Write(string value) { }
        public override void Write(ConsoleColor foreground, ConsoleColor background, string value) { }
        public override void WriteLine(string value) { }
        public override void WriteErrorLine(string value) { Errors.Append(value).Append("\r\n"); }
        public override void WriteDebugLine(string message) { }
        public override void WriteVerboseLine(string message) { }
        public override void WriteWarningLine(string message) { }
        public override void WriteProgress(long sourceId, ProgressRecord record) { }
        public override PSCredential PromptForCredential(string caption, string message, string userName,
            string targetName) { throw new NotImplementedException(); }
        public override PSCredential PromptForCredential(string caption, string message, string userName,
            string targetName, PSCredentialTypes allowed, PSCredentialUIOptions options)
        { throw new NotImplementedException(); }
        public override Dictionary<string, PSObject> Prompt(string caption, string message,
            System.Collections.ObjectModel.Collection<FieldDescription> descriptions)
        { throw new NotImplementedException(); }
        public override int PromptForChoice(string caption, string message,
            System.Collections.ObjectModel.Collection<ChoiceDescription> choices, int defaultChoice)
        { throw new NotImplementedException(); }
    }

    internal class TaskHost : PSHost
    {
        private readonly Guid id = Guid.NewGuid();
        private readonly CultureInfo culture;
        internal readonly TaskUI Screen = new TaskUI();
        internal int ExitCode;

        internal TaskHost(CultureInfo culture) { this.culture = culture; }
        public override string Name { get { return "ConsoleHost"; } }
        public override Version Version { get { return new Version(5, 1); } }
        public override Guid InstanceId { get { return id; } }
        public override PSHostUserInterface UI { get { return Screen; } }
        public override CultureInfo CurrentCulture { get { return culture; } }
        public override CultureInfo CurrentUICulture { get { return culture; } }
        public override void SetShouldExit(int exitCode) { ExitCode = exitCode; }
        public override void EnterNestedPrompt() { throw new NotImplementedException(); }
        public override void ExitNestedPrompt() { throw new NotImplementedException(); }
        public override void NotifyBeginApplication() { }
        public override void NotifyEndApplication() { }
    }

    public static class Worker
    {
        private static readonly System.Collections.Concurrent.BlockingCollection<string> requests =
            new System.Collections.Concurrent.BlockingCollection<string>();
        // The folder of the functions that Ansible's own wrapper finds.
        private static string wrapper;
        internal static string Cache { get; private set; }

        // Read requests from standard input until it ends. It ends when the process that started this one does, however
        // that ends; then nothing of a task goes on.
        public static void Serve(string standins, string cache)
        {
            wrapper = standins;
            Cache = cache;
            Stream output = Console.OpenStandardOutput();
            Console.SetOut(Console.Error);
            new Thread(Listen) { IsBackground = true }.Start();
            foreach (string request in requests.GetConsumingEnumerable())
            {
                byte[] answer = Encoding.UTF8.GetBytes(Json.Write(Answer((Dictionary<string, object>)Json.Read(request))));
                byte[] size = Encoding.ASCII.GetBytes(answer.Length + "\n");
                output.Write(size, 0, size.Length);
                output.Write(answer, 0, answer.Length);
                output.Flush();
            }
        }

        private static void Listen()
        {
            using (var reader = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false)))
            {
                for (string line = reader.ReadLine(); line != null; line = reader.ReadLine())
                {
                    requests.Add(line);
                }
            }
            System.Diagnostics.Process.GetCurrentProcess().Kill();
        }

        private static object Answer(Dictionary<string, object> request)
        {
            switch ((string)request["what"])
            {
                case "instrument":
                    var known = ((object[])request["known"]).Cast<object[]>();
                    return Hit.Instrument((string)request["text"], (int)(long)request["file"],
                        new HashSet<(int, int)>(known.Select(one => ((int)(long)one[0], (int)(long)one[1]))));
                case "statements":
                    return Hit.Places((string)request["text"]);
                default:
                    return Run(request);
            }
        }

        private static object Run(Dictionary<string, object> request)
        {
            IDictionary before = Environment.GetEnvironmentVariables();
            string folder = Environment.CurrentDirectory;
            var culture = CultureInfo.GetCultureInfo((string)request["culture"]);
            // Of all threads of the task, whatever starts them.
            CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = culture;
            CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.CurrentUICulture = culture;
            var host = new TaskHost(culture);
            var output = new StringBuilder();
            var open = new HashSet<Guid>(Runspaces().Select(one => one.InstanceId));
            try
            {
                Host.Connect((int)(long)request["port"], (string)request["token"]);
                foreach (var variable in (Dictionary<string, object>)request["environment"])
                {
                    Environment.SetEnvironmentVariable(variable.Key, (string)variable.Value);
                }
                TimeZoneInfo.ClearCachedData();
                Invoke(host, (string)request["folder"], (string)request["script"], (string)request["input"], output);
            }
            finally
            {
                foreach (Runspace one in Runspaces().Where(one => !open.Contains(one.InstanceId)))
                {
                    one.Dispose();
                }
                Environment.CurrentDirectory = folder;
                Restore(before);
                Host.Disconnect();
            }
            return new Dictionary<string, object>
            {
                { "out", output.ToString() },
                { "err", host.Screen.Errors.ToString() },
                { "rc", host.ExitCode },
                { "hits", Hit.Take() },
            };
        }

        // Those of this process. Ansible's wrapper leaves one open, which on Windows ends with its process; here to collect
        // it as garbage would take longer, and until then it takes memory.
        private static IEnumerable<Runspace> Runspaces()
        {
            var list = typeof(Runspace).GetProperty("RunspaceList", BindingFlags.NonPublic | BindingFlags.Static);
            return ((IEnumerable<Runspace>)list?.GetValue(null) ?? Enumerable.Empty<Runspace>()).ToArray();
        }

        private static void Invoke(TaskHost host, string folder, string script, string input, StringBuilder output)
        {
            var state = InitialSessionState.CreateDefault();
            foreach (string file in Directory.GetFiles(wrapper, "*.ps1"))
            {
                string name = Path.GetFileNameWithoutExtension(file);
                state.Commands.Add(new SessionStateFunctionEntry(name, File.ReadAllText(file)));
            }
            using (Runspace runspace = RunspaceFactory.CreateRunspace(host, state))
            using (PowerShell shell = PowerShell.Create())
            {
                // Before the task's folder is the current one: PowerShell lists every folder above that many times, and that
                // of temporary files may have thousands of entries. A module has a runspace of its own, with that folder.
                runspace.Open();
                Environment.CurrentDirectory = folder;
                shell.Runspace = runspace;
                shell.AddScript(script, false);
                try
                {
                    foreach (PSObject one in shell.Invoke(input.Split('\n').Select(line => line.TrimEnd('\r'))))
                    {
                        output.Append(one).Append("\r\n");
                    }
                }
                catch (RuntimeException error)
                {
                    host.Screen.WriteErrorLine(error.Message);
                    host.ExitCode = 1;
                }
                foreach (ErrorRecord error in shell.Streams.Error)
                {
                    host.Screen.WriteErrorLine(error.ToString());
                }
            }
        }

        private static void Restore(IDictionary before)
        {
            foreach (string name in Environment.GetEnvironmentVariables().Keys)
            {
                if (!before.Contains(name))
                {
                    Environment.SetEnvironmentVariable(name, null);
                }
            }
            foreach (DictionaryEntry variable in before)
            {
                Environment.SetEnvironmentVariable((string)variable.Key, (string)variable.Value);
            }
            TimeZoneInfo.ClearCachedData();
        }
    }
}
